import { UnrollError } from '../errors.ts';
import type { PackedTokens } from '../vocabulary/token-table.ts';
import type { Meter } from './engine-interface.ts';
import type { Placement } from './placement.ts';
import type { PoolWorker } from './pool.ts';

// The loaded networks, and which workers know them. A network is loaded when every worker has said so; a worker that
// takes another's place is told of all of them.

/** A network that brings this many workers down while they load it is refused. */
const deathsToRefuse = 3;

export interface LoadedNetwork {
  readonly id: number;
  readonly placement: Placement;
  /** Throws for a length that the network cannot take; null where it takes every one. */
  readonly checkLength: ((steps: number) => void) | null;
  readonly tokens: PackedTokens;
  readonly startId: number | undefined;
  readonly endId: number | undefined;
  readonly meter: Meter | undefined;
  readonly stepsRun: SharedArrayBuffer;
}

interface Entry extends LoadedNetwork {
  /** Workers that were told of it, by index, and those that have answered. */
  readonly told: Map<number, PoolWorker>;
  readonly answered: Set<number>;
  deaths: number;
  settle: { resolve: () => void; reject: (error: Error) => void } | null;
  leaving: (() => void) | null;
}

export interface Networks {
  /** Tells all workers. @throws UnrollError invalid_model when one cannot load it */
  register(network: LoadedNetwork): Promise<void>;
  /** Resolves when no worker holds it any more. */
  unregister(id: number): Promise<void>;
  get(id: number): LoadedNetwork | undefined;
  readonly size: number;
  readonly all: readonly LoadedNetwork[];
  workerReady(member: PoolWorker): void;
  networkLoaded(member: PoolWorker, id: number, error: string | null): void;
  networkUnloaded(member: PoolWorker, id: number): void;
  workerExited(member: PoolWorker): void;
}

export function createNetworks(workers: number): Networks {
  const entries = new Map<number, Entry>();
  const leavers = new Set<Entry>();
  const readyMembers = new Map<number, PoolWorker>();

  function tell(entry: Entry, member: PoolWorker): void {
    const { id: network, placement, tokens, startId, endId, meter, stepsRun } = entry;
    const { program, size, decoder, arenas } = placement;
    entry.told.set(member.index, member);
    const arena = arenas[member.index]!;
    const batches = meter?.batches ?? null;
    member.sendControl({
      kind: 'load',
      network,
      program,
      arena,
      size,
      tokens,
      startId,
      endId,
      decoder,
      batches,
      stepsRun,
    });
  }
  function forget(entry: Entry, member: PoolWorker): void {
    if (entry.told.get(member.index) !== member) return;
    entry.told.delete(member.index);
    if (entry.told.size === 0) entry.leaving?.();
  }
  function refuse(entry: Entry, reason: string): void {
    entry.settle?.reject(new UnrollError('invalid_model', `a worker could not load the network: ${reason}`));
    entry.settle = null;
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
      const told = new Map<number, PoolWorker>();
      const entry: Entry = { ...network, told, answered: new Set(), deaths: 0, settle: null, leaving: null };
      entries.set(network.id, entry);
      return new Promise((resolve, reject) => {
        entry.settle = { resolve, reject };
        for (const member of readyMembers.values()) tell(entry, member);
      });
    },
    unregister(id) {
      const entry = entries.get(id);
      if (!entry) return Promise.resolve();
      entries.delete(id);
      refuse(entry, 'it was unloaded meanwhile');
      if (entry.told.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        entry.leaving = () => {
          leavers.delete(entry);
          resolve();
        };
        leavers.add(entry);
        for (const member of entry.told.values()) member.sendControl({ kind: 'unload', network: id });
      });
    },
    workerReady(member) {
      readyMembers.set(member.index, member);
      for (const entry of entries.values()) tell(entry, member);
    },
    networkLoaded(member, id, error) {
      const entry = entries.get(id);
      if (!entry || entry.told.get(member.index) !== member) return;
      if (error !== null) return refuse(entry, error);
      entry.answered.add(member.index);
      if (entry.answered.size < workers) return;
      entry.settle?.resolve();
      entry.settle = null;
    },
    networkUnloaded(member, id) {
      for (const entry of leavers) if (entry.id === id) forget(entry, member);
    },
    workerExited(member) {
      readyMembers.delete(member.index);
      for (const entry of leavers) forget(entry, member);
      for (const entry of entries.values()) {
        if (entry.told.get(member.index) === member) entry.told.delete(member.index);
        if (entry.answered.delete(member.index) || ++entry.deaths < deathsToRefuse) continue;
        refuse(entry, 'the workers that were to load it died');
      }
    },
  };
}
