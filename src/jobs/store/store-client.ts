import { Worker } from 'node:worker_threads';
import { UnrollError } from '../../errors.ts';
import {
  monotonicMs,
  type FromStoreThread,
  type StoreCall,
  type StoreThreadData,
  type ToStoreThread,
} from './store-messages.ts';
import type { JobStore, JobStoreCalls, StoreState } from './store.ts';

// The database's client on the main thread: sends calls to the database thread as messages.

export interface StoreClient {
  readonly store: JobStore;
  state(): StoreState;
  /**
   * Adds a listener that is called whenever the database becomes usable, the first time and after failures.
   */
  onReady(listener: () => void): void;
  /** Starts the thread; calls made before wait for it. */
  start(): void;
  /** Executes pending calls, then ends the thread, after `ms` at the latest. */
  close(ms: number): Promise<void>;
}

export interface StoreClientOptions extends StoreThreadData {
  /** Time limit of a call, except calls of `withoutTimeout`. */
  readonly timeoutMs?: number;
  readonly log: Readonly<Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>>;
}

export const defaultStoreTimeoutMs = 10_000;
/** Extra time for the thread's own timeout reply, which a thread hanging in the file system cannot send. */
const graceMs = 2000;
const restartMs = 1000;

interface Pending {
  readonly call: StoreCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout | null;
}

const callNames: Readonly<Record<keyof JobStoreCalls, true>> = {
  saveJob: true,
  job: true,
  jobs: true,
  unfinishedJobs: true,
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
  ...data
}: StoreClientOptions): StoreClient {
  const pending = new Map<number, Pending>();
  const listeners: (() => void)[] = [];
  const closed = Promise.withResolvers<void>();
  let state: StoreState = { kind: 'opening' };
  let thread: Worker | null = null;
  let count = 0;
  let closing = false;

  const unavailable = (reason: string): UnrollError => new UnrollError('training_unavailable', reason);
  const post = (message: ToStoreThread): void => thread?.postMessage(message);

  function call(
    name: keyof JobStoreCalls,
    parameters: readonly unknown[],
    unlimited: boolean,
  ): Promise<unknown> {
    if (closing) return Promise.reject(unavailable('the server is shutting down'));
    if (state.kind === 'unavailable' && !unlimited) return Promise.reject(unavailable(state.reason));
    return new Promise((resolve, reject) => {
      const id = ++count;
      const deadline = unlimited ? null : monotonicMs() + timeoutMs;
      const message: StoreCall = { kind: 'call', id, name, parameters, deadline };
      const timer = unlimited
        ? null
        : setTimeout(() => {
            pending.delete(id);
            reject(unavailable('the training database did not respond in time'));
          }, timeoutMs + graceMs).unref();
      pending.set(id, { call: message, resolve, reject, timer });
      post(message);
    });
  }

  function settle(id: number, finish: (entry: Pending) => void): void {
    const entry = pending.get(id);
    if (!entry) return;
    pending.delete(id);
    if (entry.timer) clearTimeout(entry.timer);
    finish(entry);
  }

  function setState(next: StoreState): void {
    state = next;
    if (next.kind === 'unavailable')
      log.error({ reason: next.reason }, 'training is unavailable; models are still served');
    else if (next.kind === 'ready') for (const listener of listeners) listener();
  }

  function receive(message: FromStoreThread): void {
    switch (message.kind) {
      case 'result':
        return settle(message.id, ({ resolve }) => resolve(message.value));
      case 'error':
        return settle(message.id, ({ reject }) => reject(new UnrollError(message.code, message.message)));
      case 'state':
        return setState(message.state);
      case 'notice':
        return log[message.level]({}, message.message);
      case 'closed':
        return closed.resolve();
    }
  }

  function start(): void {
    thread = new Worker(new URL('./store-thread.ts', import.meta.url), { workerData: data });
    let reason = 'the training database thread exited';
    thread.on('message', receive);
    thread.on('error', (error) => (reason += `: ${error instanceof Error ? error.message : String(error)}`));
    thread.on('exit', () => {
      thread = null;
      closed.resolve();
      for (const id of pending.keys()) settle(id, ({ reject }) => reject(unavailable(reason)));
      if (closing) return;
      setState({ kind: 'unavailable', reason });
      setTimeout(() => {
        if (!closing) start();
      }, restartMs).unref();
    });
    for (const { call } of pending.values()) post(call);
  }

  const bindCalls = (unlimited: boolean) =>
    Object.fromEntries(
      (Object.keys(callNames) as (keyof JobStoreCalls)[]).map((name) => [
        name,
        (...parameters: unknown[]) => call(name, parameters, unlimited),
      ]),
    );

  return {
    store: { ...bindCalls(false), withoutTimeout: bindCalls(true) } as unknown as JobStore,
    state: () => state,
    onReady: (listener) => void listeners.push(listener),
    start,
    async close(ms) {
      closing = true;
      if (!thread) return;
      post({ kind: 'close' });
      const timer = setTimeout(closed.resolve, ms);
      await closed.promise;
      clearTimeout(timer);
      await thread?.terminate();
    },
  };
}
