import { LiveMap } from './live-map.ts';
import { LiveSet } from './live-set.ts';

// Which sequence runs where. One line for each network, first come first served; a worker is given as many of a network
// as it has rows, and as many again to fill rows that come free. Sequences that make way for others come back with their
// state, to the end of the line. Knows no threads.

/** Deaths of its worker after which a sequence runs alone, so that it can only take itself along. */
const deathsInCompany = 2;

export interface Dispatched {
  readonly network: number;
  /** Workers that died while they had it. */
  deaths: number;
}

interface Load<Sequence extends object, Worker> {
  readonly worker: Worker;
  readonly networks: Set<number>;
  readonly running: LiveSet<Sequence>;
  readonly byNetwork: Map<number, number>;
  /** Takes nobody: a sequence runs alone here, or is about to. */
  reserved: boolean;
}

export interface Dispatcher<Sequence, Worker> {
  /** To the end of its network's line. */
  add(sequence: Sequence): void;
  /** Out of the line, or off its worker. @returns the worker that must forget it */
  remove(sequence: Sequence): Worker | null;
  /** Back from its worker to the end of the line. */
  park(sequence: Sequence): void;
  /** The worker has the network. */
  serves(worker: Worker, network: number): void;
  stops(network: number): void;
  /** Its sequences go to the head of their lines. @returns those that brought it down running alone: they are out */
  lost(worker: Worker): Sequence[];
  /** Starts all that can start. */
  run(): void;
  readonly waiting: number;
  readonly running: number;
}

/**
 * @param rows slots of one network in one worker
 * @param begin tells a worker to run a sequence
 */
export function createDispatcher<Sequence extends Dispatched, Worker>(
  rows: number,
  begin: (sequence: Sequence, worker: Worker) => void,
): Dispatcher<Sequence, Worker> {
  type WorkerLoad = Load<Sequence, Worker>;
  const lines = new Map<number, LiveSet<Sequence>>();
  const alone = new Set<Sequence>();
  const loads = new Map<Worker, WorkerLoad>();
  const runs = new LiveMap<Sequence, WorkerLoad>();
  const perNetwork = 2 * rows;

  const lineOf = (network: number): LiveSet<Sequence> => {
    let line = lines.get(network);
    if (!line) lines.set(network, (line = new LiveSet()));
    return line;
  };
  const countOf = (load: WorkerLoad, network: number): number => load.byNetwork.get(network) ?? 0;

  function start(sequence: Sequence, load: WorkerLoad): void {
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

  return {
    add: (sequence) => void lineOf(sequence.network).add(sequence),
    remove(sequence) {
      lines.get(sequence.network)?.delete(sequence);
      alone.delete(sequence);
      return release(sequence)?.worker ?? null;
    },
    park(sequence) {
      if (release(sequence)) lineOf(sequence.network).add(sequence);
    },
    serves(worker, network) {
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
    stops(network) {
      lines.delete(network);
      for (const { networks, byNetwork } of loads.values()) {
        networks.delete(network);
        byNetwork.delete(network);
      }
    },
    lost(worker) {
      const load = loads.get(worker);
      if (!load) return [];
      loads.delete(worker);
      const guilty: Sequence[] = [];
      const again = new Map<number, Sequence[]>();
      for (const sequence of load.running) {
        runs.delete(sequence);
        const wasAlone = sequence.deaths >= deathsInCompany;
        sequence.deaths++;
        if (wasAlone) guilty.push(sequence);
        else if (sequence.deaths >= deathsInCompany) alone.add(sequence);
        else again.set(sequence.network, [...(again.get(sequence.network) ?? []), sequence]);
      }
      for (const [network, sequences] of again)
        lines.set(network, new LiveSet([...sequences, ...lineOf(network)]));
      return guilty;
    },
    run() {
      runAlone();
      for (const [network, line] of lines)
        for (const sequence of line) {
          const load = leastLoaded(
            [...loads.values()].filter(
              (load) => !load.reserved && load.networks.has(network) && countOf(load, network) < perNetwork,
            ),
          );
          if (!load) break;
          line.delete(sequence);
          start(sequence, load);
        }
    },
    get waiting() {
      return [...lines.values()].reduce((sum, line) => sum + line.size, alone.size);
    },
    get running() {
      return runs.size;
    },
  };
}
