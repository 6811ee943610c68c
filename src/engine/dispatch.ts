import { LiveMap } from './live-map.ts';
import { LiveSet } from './live-set.ts';
import { createNetworkQueue, type NetworkQueue } from './network-queue.ts';
import { advancePhase, type Phase } from './sequence-phase.ts';

// Which sequence runs where. A queue for each network; a worker is given as many sequences of a network as it has rows,
// and as many again to fill rows that come free. Knows no threads. It alone changes a sequence's phase, and every
// sequence it was given is in exactly one of its places until it is removed.

/** Deaths of its worker after which a sequence runs alone, so that it can only take itself along. */
const deathsBeforeAlone = 2;

export interface DispatchedSequence {
  readonly network: number;
  phase: Phase;
  /** Workers that died while they had it. */
  workerCrashes: number;
}

interface Load<Sequence extends object, Worker> {
  readonly worker: Worker;
  readonly networks: Set<number>;
  readonly running: LiveSet<Sequence>;
  readonly byNetwork: Map<number, number>;
  /** Takes no other sequence: one runs alone here, or is about to. */
  reserved: boolean;
}

/** Sequences of one network by where they are. */
export interface NetworkCounts {
  readonly waiting: number;
  readonly running: number;
  readonly paused: number;
}

export interface Dispatcher<Sequence, Worker> {
  /** Queues a sequence that was created. @throws Error for one in any other phase */
  add(sequence: Sequence): void;
  /** Ends a sequence, wherever it is. @returns the worker that must forget it */
  remove(sequence: Sequence): Worker | null;
  /** Takes a sequence back from its worker, to run again in its turn. */
  requeue(sequence: Sequence): void;
  /** Takes a sequence back from its worker, to run again after `resume`. */
  pause(sequence: Sequence): void;
  resume(sequence: Sequence): void;
  /** The worker that runs a sequence. */
  getWorker(sequence: Sequence): Worker | null;
  /** The worker has the network. */
  addNetwork(worker: Worker, network: number): void;
  /** No worker has the network any more. Its sequences must have been removed. */
  removeNetwork(network: number): void;
  /** Queues a dead worker's sequences before all others. @returns those that brought it down running alone: they have ended */
  removeWorker(worker: Worker): Sequence[];
  /** Starts all that can start. */
  dispatch(): void;
  readonly waiting: number;
  readonly running: number;
  readonly paused: number;
  /** Counted anew from where the sequences are, by network. */
  countByNetwork(): Map<number, NetworkCounts>;
}

/**
 * @param rows slots of one network in one worker
 * @param begin tells a worker to run a sequence
 */
export function createDispatcher<Sequence extends DispatchedSequence, Worker>(
  rows: number,
  begin: (sequence: Sequence, worker: Worker) => void,
): Dispatcher<Sequence, Worker> {
  type WorkerLoad = Load<Sequence, Worker>;
  const queues = new Map<number, NetworkQueue<Sequence>>();
  const alone = new Set<Sequence>();
  const paused = new LiveSet<Sequence>();
  const loads = new Map<Worker, WorkerLoad>();
  const runs = new LiveMap<Sequence, WorkerLoad>();
  const perNetwork = 2 * rows;

  const queueOf = (network: number): NetworkQueue<Sequence> => {
    let queue = queues.get(network);
    if (!queue) queues.set(network, (queue = createNetworkQueue()));
    return queue;
  };
  const countOf = (load: WorkerLoad, network: number): number => load.byNetwork.get(network) ?? 0;

  function start(sequence: Sequence, load: WorkerLoad): void {
    advancePhase(sequence, 'start');
    load.running.add(sequence);
    load.byNetwork.set(sequence.network, countOf(load, sequence.network) + 1);
    runs.set(sequence, load);
    begin(sequence, load.worker);
  }
  function release(sequence: Sequence): WorkerLoad | undefined {
    const load = runs.get(sequence);
    if (!load) return undefined;
    runs.delete(sequence);
    load.running.delete(sequence);
    load.byNetwork.set(sequence.network, countOf(load, sequence.network) - 1);
    if (load.running.size === 0) load.reserved = false;
    return load;
  }
  const leastLoaded = (candidates: WorkerLoad[]): WorkerLoad | undefined =>
    candidates.reduce<WorkerLoad | undefined>(
      (best, load) => (best && best.running.size <= load.running.size ? best : load),
      undefined,
    );
  const withRoom = (network: number): WorkerLoad[] =>
    [...loads.values()].filter(
      (load) => !load.reserved && load.networks.has(network) && countOf(load, network) < perNetwork,
    );

  function runAlone(): void {
    for (const sequence of alone) {
      const able = [...loads.values()].filter(({ networks }) => networks.has(sequence.network));
      const load = able.find(({ reserved, running }) => reserved && running.size === 0) ?? leastLoaded(able);
      if (!load) continue;
      const idle = load.running.size === 0;
      load.reserved = true;
      if (!idle) return;
      alone.delete(sequence);
      start(sequence, load);
    }
  }

  function runQueue(network: number, queue: NetworkQueue<Sequence>): void {
    while (queue.size > 0) {
      const load = leastLoaded(withRoom(network));
      if (!load) return;
      start(queue.take(rows * loads.size)!, load);
    }
  }

  return {
    add(sequence) {
      advancePhase(sequence, 'enqueue');
      queueOf(sequence.network).addNew(sequence);
    },
    remove(sequence) {
      if (sequence.phase === 'ended') return null;
      advancePhase(sequence, 'end');
      queues.get(sequence.network)?.remove(sequence);
      alone.delete(sequence);
      paused.delete(sequence);
      return release(sequence)?.worker ?? null;
    },
    requeue(sequence) {
      advancePhase(sequence, 'requeue');
      release(sequence);
      queueOf(sequence.network).addStarted(sequence);
    },
    pause(sequence) {
      advancePhase(sequence, 'pause');
      release(sequence);
      paused.add(sequence);
    },
    resume(sequence) {
      advancePhase(sequence, 'resume');
      paused.delete(sequence);
      queueOf(sequence.network).addStarted(sequence);
    },
    getWorker: (sequence) => runs.get(sequence)?.worker ?? null,
    addNetwork(worker, network) {
      let load = loads.get(worker);
      if (!load)
        loads.set(
          worker,
          (load = {
            worker,
            networks: new Set(),
            running: new LiveSet(),
            byNetwork: new Map(),
            reserved: false,
          }),
        );
      load.networks.add(network);
    },
    removeNetwork(network) {
      queues.delete(network);
      for (const { networks, byNetwork } of loads.values()) {
        networks.delete(network);
        byNetwork.delete(network);
      }
    },
    removeWorker(worker) {
      const load = loads.get(worker);
      if (!load) return [];
      loads.delete(worker);
      const guilty: Sequence[] = [];
      const again = new Map<number, Sequence[]>();
      for (const sequence of load.running) {
        runs.delete(sequence);
        if (sequence.workerCrashes++ >= deathsBeforeAlone) {
          advancePhase(sequence, 'end');
          guilty.push(sequence);
          continue;
        }
        advancePhase(sequence, 'requeue');
        if (sequence.workerCrashes >= deathsBeforeAlone) alone.add(sequence);
        else again.set(sequence.network, [...(again.get(sequence.network) ?? []), sequence]);
      }
      for (const [network, sequences] of again) queueOf(network).addRetries(sequences);
      return guilty;
    },
    dispatch() {
      runAlone();
      for (const [network, queue] of queues) runQueue(network, queue);
    },
    get waiting() {
      return [...queues.values()].reduce((sum, { size }) => sum + size, alone.size);
    },
    get running() {
      return runs.size;
    },
    get paused() {
      return paused.size;
    },
    countByNetwork() {
      const counts = new Map<number, { waiting: number; running: number; paused: number }>();
      const count = (sequences: Iterable<Sequence>, place: 'waiting' | 'running' | 'paused'): void => {
        for (const { network } of sequences) {
          const one = counts.get(network) ?? { waiting: 0, running: 0, paused: 0 };
          one[place]++;
          counts.set(network, one);
        }
      };
      for (const queue of queues.values()) count(queue, 'waiting');
      count(alone, 'waiting');
      for (const { running } of loads.values()) count(running, 'running');
      count(paused, 'paused');
      return counts;
    },
  };
}
