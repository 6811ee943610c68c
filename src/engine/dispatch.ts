import { LiveSet } from '../live-set.ts';
import { createNetworkQueue, type NetworkQueue } from './network-queue.ts';
import { advancePhase, type Phase } from './sequence-phase.ts';

// Assigns sequences to workers. There is a queue for each network; a worker receives as many sequences of a
// network as it has rows, and as many again to fill rows that become free. It does not depend on threads.
// Only this module changes a sequence's phase; every sequence that it was given is in exactly one of its
// collections until it is removed.

/**
 * Crashes of its worker after which a sequence is suspected to be the cause (a poison request) and runs
 * without others, so that another crash ends no other sequence.
 */
const maxSharedCrashes = 2;

/** The state that the dispatcher keeps in a sequence. */
export interface DispatchedSequence {
  readonly network: number;
  readonly request?: { readonly priority?: number | undefined };
  phase: Phase;
  /** Workers that crashed while they ran it. */
  workerCrashes: number;
  /** Where it runs, as the dispatcher keeps it; null elsewhere. */
  worker?: object | null;
}

/** The sequences at one worker. */
interface Load<Sequence extends object, Worker> {
  readonly worker: Worker;
  readonly networks: Set<number>;
  readonly running: LiveSet<Sequence>;
  readonly byNetwork: Map<number, number>;
  /** Accepts no other sequence: a suspected one runs here, or will when the others have ended. */
  reserved: boolean;
}

/** Numbers of sequences of one network, by phase. */
export interface NetworkCounts {
  readonly waiting: number;
  readonly running: number;
  readonly paused: number;
}

export interface Dispatcher<Sequence, Worker> {
  /** Queues a new sequence. @throws Error if its phase is not `created` */
  add(sequence: Sequence): void;
  /** Ends a sequence in any phase. @returns the worker that must cancel it */
  remove(sequence: Sequence): Worker | null;
  /** Removes a sequence from its worker and queues it again. */
  requeue(sequence: Sequence): void;
  /** Removes a sequence from its worker until `resume`. */
  pause(sequence: Sequence): void;
  resume(sequence: Sequence): void;
  /** The worker that runs a sequence, null if none does. */
  getWorker(sequence: Sequence): Worker | null;
  /** Adds a network to those that a worker can run. */
  addNetwork(worker: Worker, network: number): void;
  /** Removes a network from every worker. Its sequences must have been removed. */
  removeNetwork(network: number): void;
  /**
   * Removes a crashed worker and queues its sequences before all others.
   * @returns the suspected sequences that crashed it: their phase is `ended`
   */
  removeWorker(worker: Worker): Sequence[];
  /** Starts every sequence for which a worker has capacity. */
  dispatch(): void;
  readonly waiting: number;
  readonly running: number;
  readonly paused: number;
  /** Numbers of sequences by network, counted in the collections. */
  countByNetwork(): Map<number, NetworkCounts>;
}

/**
 * @param rows slots of one network in one worker
 * @param startOnWorker sends a sequence to a worker
 */
export function createDispatcher<Sequence extends DispatchedSequence, Worker>(
  rows: number,
  startOnWorker: (sequence: Sequence, worker: Worker) => void,
): Dispatcher<Sequence, Worker> {
  type WorkerLoad = Load<Sequence, Worker>;
  const queues = new Map<number, NetworkQueue<Sequence>>();
  const suspects = new Set<Sequence>();
  const paused = new LiveSet<Sequence>();
  const loads = new Map<Worker, WorkerLoad>();
  let running = 0;
  const perNetwork = 2 * rows;

  const loadOf = ({ worker }: Sequence): WorkerLoad | null =>
    (worker as WorkerLoad | null | undefined) ?? null;
  const getQueue = (network: number): NetworkQueue<Sequence> => {
    let queue = queues.get(network);
    if (!queue) queues.set(network, (queue = createNetworkQueue()));
    return queue;
  };
  const countSequences = (load: WorkerLoad, network: number): number => load.byNetwork.get(network) ?? 0;

  function start(sequence: Sequence, load: WorkerLoad): void {
    advancePhase(sequence, 'start');
    load.running.add(sequence);
    load.byNetwork.set(sequence.network, countSequences(load, sequence.network) + 1);
    sequence.worker = load;
    running++;
    startOnWorker(sequence, load.worker);
  }
  function removeFromLoad(sequence: Sequence): WorkerLoad | undefined {
    const load = loadOf(sequence);
    if (!load) return undefined;
    sequence.worker = null;
    running--;
    load.running.delete(sequence);
    load.byNetwork.set(sequence.network, countSequences(load, sequence.network) - 1);
    if (load.running.size === 0) load.reserved = false;
    return load;
  }
  function leastLoaded(accepts: (load: WorkerLoad) => boolean): WorkerLoad | undefined {
    let best: WorkerLoad | undefined;
    for (const load of loads.values())
      if (accepts(load) && (!best || load.running.size < best.running.size)) best = load;
    return best;
  }

  /**
   * Starts each suspected sequence on a worker without others, or reserves one until its others have ended.
   */
  function runSuspects(): void {
    for (const sequence of suspects) {
      const runsNetwork = ({ networks }: WorkerLoad): boolean => networks.has(sequence.network);
      const load =
        leastLoaded((one) => runsNetwork(one) && one.reserved && one.running.size === 0) ??
        leastLoaded(runsNetwork);
      if (!load) continue;
      const idle = load.running.size === 0;
      load.reserved = true;
      if (!idle) return;
      suspects.delete(sequence);
      start(sequence, load);
    }
  }

  function runQueue(network: number, queue: NetworkQueue<Sequence>): void {
    const hasCapacity = (load: WorkerLoad): boolean =>
      !load.reserved && load.networks.has(network) && countSequences(load, network) < perNetwork;
    while (queue.size > 0) {
      const load = leastLoaded(hasCapacity);
      if (!load) return;
      start(queue.take(rows * loads.size)!, load);
    }
  }

  return {
    add(sequence) {
      advancePhase(sequence, 'enqueue');
      getQueue(sequence.network).addNew(sequence, sequence.request?.priority);
    },
    remove(sequence) {
      const { phase } = sequence;
      if (phase === 'ended') return null;
      advancePhase(sequence, 'end');
      if (phase === 'queued' && !suspects.delete(sequence)) queues.get(sequence.network)?.remove(sequence);
      else if (phase === 'paused') paused.delete(sequence);
      return removeFromLoad(sequence)?.worker ?? null;
    },
    requeue(sequence) {
      advancePhase(sequence, 'requeue');
      removeFromLoad(sequence);
      getQueue(sequence.network).addStarted(sequence);
    },
    pause(sequence) {
      advancePhase(sequence, 'pause');
      removeFromLoad(sequence);
      paused.add(sequence);
    },
    resume(sequence) {
      advancePhase(sequence, 'resume');
      paused.delete(sequence);
      getQueue(sequence.network).addStarted(sequence);
    },
    getWorker: (sequence) => loadOf(sequence)?.worker ?? null,
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
      const ended: Sequence[] = [];
      const retries = new Map<number, Sequence[]>();
      for (const sequence of load.running) {
        sequence.worker = null;
        running--;
        if (sequence.workerCrashes++ >= maxSharedCrashes) {
          advancePhase(sequence, 'end');
          ended.push(sequence);
          continue;
        }
        advancePhase(sequence, 'requeue');
        if (sequence.workerCrashes >= maxSharedCrashes) suspects.add(sequence);
        else retries.set(sequence.network, [...(retries.get(sequence.network) ?? []), sequence]);
      }
      for (const [network, sequences] of retries) getQueue(network).addRetries(sequences);
      return ended;
    },
    dispatch() {
      runSuspects();
      for (const [network, queue] of queues) runQueue(network, queue);
    },
    get waiting() {
      return [...queues.values()].reduce((sum, { size }) => sum + size, suspects.size);
    },
    get running() {
      return running;
    },
    get paused() {
      return paused.size;
    },
    countByNetwork() {
      const counts = new Map<number, { waiting: number; running: number; paused: number }>();
      const count = (sequences: Iterable<Sequence>, state: 'waiting' | 'running' | 'paused'): void => {
        for (const { network } of sequences) {
          const entry = counts.get(network) ?? { waiting: 0, running: 0, paused: 0 };
          entry[state]++;
          counts.set(network, entry);
        }
      };
      for (const queue of queues.values()) count(queue, 'waiting');
      count(suspects, 'waiting');
      for (const { running } of loads.values()) count(running, 'running');
      count(paused, 'paused');
      return counts;
    },
  };
}
