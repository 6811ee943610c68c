import { Worker } from 'node:worker_threads';
import {
  createDatabaseClient,
  type DatabaseClient,
  type DatabaseClientOptions,
} from '../../database/thread-client.ts';
import type { JobStore, JobStoreCalls } from './store.ts';

// The training database's client on the main thread.

export interface StoreClient extends Omit<DatabaseClient, 'call'> {
  readonly store: JobStore;
}

export interface StoreThreadData {
  /** UNROLL_DATA */
  readonly folder: string;
  /** Opens the database without locking or writing, for a server that does not train. */
  readonly readOnly: boolean;
}

export interface StoreClientOptions extends StoreThreadData, Pick<DatabaseClientOptions, 'log'> {
  /** Time limit of a call, except calls of `withoutTimeout`. */
  readonly timeoutMs?: number;
}

export const defaultStoreTimeoutMs = 10_000;

const callNames: Readonly<Record<keyof JobStoreCalls, true>> = {
  saveJob: true,
  job: true,
  jobs: true,
  unfinishedJobs: true,
  removeJob: true,
  addEvent: true,
  events: true,
  saveCheckpoint: true,
  checkpoints: true,
  removeCheckpoints: true,
  removeAfterStep: true,
  saveDataset: true,
  dataset: true,
  datasets: true,
  removeDataset: true,
  saveComparison: true,
  comparison: true,
  comparisons: true,
  compare: true,
};

export function createStoreClient({
  log,
  timeoutMs = defaultStoreTimeoutMs,
  ...workerData
}: StoreClientOptions): StoreClient {
  const client = createDatabaseClient({
    name: 'the training database',
    code: 'training_unavailable',
    effect: 'training is unavailable; models are still served',
    startThread: () => new Worker(new URL('./store-thread.ts', import.meta.url), { workerData }),
    timeoutMs,
    log,
  });
  const bindCalls = (unlimited: boolean) =>
    Object.fromEntries(
      Object.keys(callNames).map((name) => [
        name,
        (...parameters: unknown[]) => client.call(name, parameters, unlimited),
      ]),
    );
  return {
    ...client,
    store: { ...bindCalls(false), withoutTimeout: bindCalls(true) } as unknown as JobStore,
  };
}
