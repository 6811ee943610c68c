import { UnrollError } from '../errors.ts';
import type { GraphContent, NetworkContent } from './channel/messages.ts';
import type { Meter } from './engine-interface.ts';
import type { GraphPlacement } from './place-graph.ts';
import type { Placement } from './placement.ts';
import type { PoolWorker } from './pool.ts';

// The loaded networks, and the workers that have them. A network is loaded when every worker has confirmed
// it; a worker that replaces another loads all of them.

/** Worker crashes while a network is loaded after which it is rejected. */
const maxCrashes = 3;

/** A network as it is sent to the workers. */
export interface LoadedNetwork {
  readonly id: number;
  readonly placement: Pick<Placement, 'arenas'> & Pick<GraphPlacement | Placement, 'compiled'>;
  readonly content: NetworkContent | GraphContent;
  /** Throws for a number of steps that the network does not support; null if it supports every one. */
  readonly checkLength: ((steps: number) => void) | null;
  readonly meter: Meter | undefined;
  readonly stepsRun: SharedArrayBuffer;
}

interface Entry extends LoadedNetwork {
  /** Workers to which it was sent, by index. */
  readonly sentTo: Map<number, PoolWorker>;
  /** Indices of the workers that have loaded it. */
  readonly loadedBy: Set<number>;
  crashes: number;
  /** The promise of `register`, until it is settled. */
  pending: { resolve: () => void; reject: (error: Error) => void } | null;
  /** Called when no worker has it any more. */
  onUnloaded: (() => void) | null;
}

export interface Networks {
  /** Loads a network in all workers. @throws UnrollError invalid_model when one cannot load it */
  register(network: LoadedNetwork): Promise<void>;
  /** Unloads a network. Resolves when no worker has it. */
  unregister(id: number): Promise<void>;
  get(id: number): LoadedNetwork | undefined;
  readonly size: number;
  readonly all: readonly LoadedNetwork[];
  workerReady(worker: PoolWorker): void;
  networkLoaded(worker: PoolWorker, id: number, error: string | null): void;
  networkUnloaded(worker: PoolWorker, id: number): void;
  workerExited(worker: PoolWorker): void;
}

export function createNetworks(workers: number): Networks {
  const entries = new Map<number, Entry>();
  const unloading = new Set<Entry>();
  const readyWorkers = new Map<number, PoolWorker>();

  function sendLoad(entry: Entry, worker: PoolWorker): void {
    const { id: network, placement, content, meter, stepsRun } = entry;
    entry.sentTo.set(worker.index, worker);
    const arena = placement.arenas[worker.index]!;
    const batches = meter?.batches ?? null;
    worker.sendControl({ kind: 'load', network, content, arena, batches, stepsRun });
  }
  function removeWorker(entry: Entry, worker: PoolWorker): void {
    if (entry.sentTo.get(worker.index) !== worker) return;
    entry.sentTo.delete(worker.index);
    if (entry.sentTo.size === 0) entry.onUnloaded?.();
  }
  function reject(entry: Entry, reason: string): void {
    entry.pending?.reject(new UnrollError('invalid_model', `a worker could not load the network: ${reason}`));
    entry.pending = null;
  }

  return {
    get: (id) => entries.get(id),
    get size() {
      return entries.size;
    },
    get all() {
      return [...entries.values()];
    },
    register(network) {
      const sentTo = new Map<number, PoolWorker>();
      const entry: Entry = {
        ...network,
        sentTo,
        loadedBy: new Set(),
        crashes: 0,
        pending: null,
        onUnloaded: null,
      };
      entries.set(network.id, entry);
      return new Promise((resolve, reject) => {
        entry.pending = { resolve, reject };
        for (const worker of readyWorkers.values()) sendLoad(entry, worker);
      });
    },
    unregister(id) {
      const entry = entries.get(id);
      if (!entry) return Promise.resolve();
      entries.delete(id);
      reject(entry, 'it was unloaded while it was loading');
      if (entry.sentTo.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        entry.onUnloaded = () => {
          unloading.delete(entry);
          resolve();
        };
        unloading.add(entry);
        for (const worker of entry.sentTo.values()) worker.sendControl({ kind: 'unload', network: id });
      });
    },
    workerReady(worker) {
      readyWorkers.set(worker.index, worker);
      for (const entry of entries.values()) sendLoad(entry, worker);
    },
    networkLoaded(worker, id, error) {
      const entry = entries.get(id);
      if (!entry || entry.sentTo.get(worker.index) !== worker) return;
      if (error !== null) return reject(entry, error);
      entry.loadedBy.add(worker.index);
      if (entry.loadedBy.size < workers) return;
      entry.pending?.resolve();
      entry.pending = null;
    },
    networkUnloaded(worker, id) {
      for (const entry of unloading) if (entry.id === id) removeWorker(entry, worker);
    },
    workerExited(worker) {
      readyWorkers.delete(worker.index);
      for (const entry of unloading) removeWorker(entry, worker);
      for (const entry of entries.values()) {
        if (entry.sentTo.get(worker.index) === worker) entry.sentTo.delete(worker.index);
        if (entry.loadedBy.delete(worker.index) || ++entry.crashes < maxCrashes) continue;
        reject(entry, 'the workers that loaded it crashed');
      }
    },
  };
}
