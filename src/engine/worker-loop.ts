import type { TickResult } from './tick-counters.ts';
import { createGeneration, restoreGeneration } from '../decoding/generation.ts';
import { createRunner, type Runner } from '../network/runner.ts';
import { batcherDefaults, createBatcher, type Batcher } from './batcher.ts';
import type { Control, FromWorker, SequenceReport, StartMessage, ToWorker } from './messages.ts';

// What a worker does with each message, and with its time: networks take turns, a tick each.

export interface WorkerLoop {
  control(message: Control): void;
  message(message: ToWorker): void;
  /** Runs one tick of the next network that has work. @returns whether there was any */
  tick(): boolean;
}

interface Loaded {
  readonly id: number;
  readonly batcher: Batcher;
  readonly tokens: readonly string[];
  readonly endId: number | undefined;
}

export function createWorkerLoop(context: {
  readonly memory: WebAssembly.Memory;
  readonly send: (message: FromWorker) => void;
  /** Called before a tick's reports are sent, so that whoever has read them finds it counted. */
  readonly count: (tick: TickResult) => void;
  readonly now: () => number;
}): WorkerLoop {
  const { memory, send, count, now } = context;
  /** In the order of their next turn. */
  let networks: Loaded[] = [];

  function load({
    network: id,
    program,
    arena,
    size,
    tokens,
    endId,
  }: Extract<Control, { kind: 'load' }>): void {
    let error: string | null = null;
    try {
      const runner = createRunner(program, memory, arena, size);
      warmUp(runner);
      networks.push({ id, batcher: createBatcher(runner, { ...batcherDefaults, now }), tokens, endId });
    } catch (caught) {
      error = String(caught);
    }
    send({ kind: 'loaded', network: id, error });
  }

  function start(message: StartMessage): void {
    const { sequence: id, input, want, what, resume, generation: options } = message;
    const network = networks.find(({ id }) => id === message.network);
    try {
      if (!network) throw new Error(`network ${message.network} is not loaded`);
      const { tokens, endId } = network;
      const generation =
        options &&
        (resume?.generation
          ? restoreGeneration(resume.generation, options, tokens, endId)
          : createGeneration(options, tokens, endId));
      network.batcher.add({ id, input, want, what, generation, resume });
    } catch (error) {
      send({
        kind: 'reports',
        reports: [{ sequence: id, report: { kind: 'failed', reason: String(error) } }],
      });
    }
  }

  return {
    control(message) {
      if (message.kind === 'load') return load(message);
      networks = networks.filter(({ id }) => id !== message.network);
      send({ kind: 'unloaded', network: message.network });
    },
    message(message) {
      if (message.kind === 'start') start(message);
      else for (const { batcher } of networks) batcher.cancel(message.sequence);
    },
    tick() {
      const turn = networks.findIndex(({ batcher }) => batcher.active + batcher.waiting > 0);
      if (turn < 0) return false;
      const [network] = networks.splice(turn, 1);
      networks.push(network!);
      const reports: { sequence: number; report: SequenceReport }[] = [];
      const ran = network!.batcher.tick((sequence, report) => reports.push({ sequence, report }));
      if (ran) count(ran);
      if (reports.length > 0) send({ kind: 'reports', reports });
      return true;
    },
  };
}

/** One step, so that the first caller does not pay for what is done once. */
function warmUp(runner: Runner): void {
  const row = runner.join();
  runner.plan([1]);
  if (runner.inputWidth === 0) runner.ids[0] = 0;
  else runner.features.fill(0, 0, runner.inputWidth);
  runner.run([0], 'output');
  runner.leave(row);
}
