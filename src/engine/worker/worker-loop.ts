import type { TickResult } from './tick-counters.ts';
import { createGeneration, restoreGeneration } from '../../decoding/generation.ts';
import { createDecoderRunner, type DecoderRunner, type DecoderSize } from '../../network/decoder-runner.ts';
import { idColumns } from '../../network/input.ts';
import type { Arena } from '../../network/layout.ts';
import type { CompiledNetwork } from '../../network/compile-network.ts';
import { createRunner, type Runner } from '../../network/runner.ts';
import { createGraphEvaluator } from '../../network/signed-graph/graph-evaluator.ts';
import type { CompiledGraph } from '../../network/signed-graph/compiled-graph.ts';
import { openTokens } from '../../vocabulary/token-table.ts';
import { recordBatch } from './batch-tally.ts';
import { createDecodeBatcher } from './decode-batcher.ts';
import { batcherDefaults } from './batcher-options.ts';
import { createBatcher, type Batcher } from './batcher.ts';
import { createEvaluationQueue } from './evaluation-queue.ts';
import { createHeldReports } from './held-reports.ts';
import type {
  Control,
  EvaluateMessage,
  FromWorker,
  NetworkContent,
  SequenceReport,
  StartMessage,
  ToWorker,
} from '../channel/messages.ts';
import { createSearch } from '../../decoding/create-search.ts';

// A worker's networks: handles each message, and runs one tick of each network in rotation.

export interface WorkerLoop {
  control(message: Control): void;
  message(message: ToWorker): void;
  /** Runs one tick of the next network that has work. @returns whether there was any */
  tick(): boolean;
  /** Sequences in rows and in the queues. */
  readonly sequences: number;
}

interface Loaded {
  readonly id: number;
  readonly batcher: Pick<Batcher, 'cancel' | 'grant' | 'waiting' | 'active' | 'runnable' | 'tick'>;
  readonly add: (message: StartMessage | EvaluateMessage) => void;
}
/** A loaded network and its counters in shared memory. */
interface Counted extends Loaded {
  readonly tally: BigInt64Array | null;
  readonly stepsRun: BigInt64Array;
}

export function createWorkerLoop(context: {
  readonly memory: WebAssembly.Memory;
  readonly send: (message: FromWorker) => void;
  /** Counts a tick. Called before its reports are sent, so that a reader of the reports sees it counted. */
  readonly count: (tick: TickResult) => void;
  readonly now: () => number;
}): WorkerLoop {
  const { memory, send, count, now } = context;
  const held = createHeldReports(context, batcherDefaults.targetTickMs);
  /** In the order of their next tick. */
  let networks: Counted[] = [];

  function load(message: Extract<Control, { kind: 'load' }>): void {
    const id = message.network;
    let error: string | null = null;
    try {
      const { content, arena } = message;
      const loaded =
        content.kind === 'graph'
          ? loadGraph(id, content.compiled, arena)
          : content.decoder
            ? loadDecoder(id, content, arena, content.decoder)
            : loadStepwise(id, content, arena);
      networks.push({
        ...loaded,
        tally: message.batches && new BigInt64Array(message.batches),
        stepsRun: new BigInt64Array(message.stepsRun),
      });
    } catch (caught) {
      error = String(caught);
    }
    send({ kind: 'loaded', network: id, error });
  }

  /** Loads a network whose sequences advance step by step: every network but an encoder-decoder. */
  function loadStepwise(
    network: number,
    { compiled, size, tokens: packed, endId }: NetworkContent,
    arena: Arena,
  ): Loaded {
    const tokens = openTokens(packed);
    const runner = createRunner(compiled, memory, arena, size);
    warmUp(runner);
    const batcher = createBatcher(runner, { ...batcherDefaults, now });
    return {
      id: network,
      batcher,
      add(message) {
        if (message.kind !== 'start') throw new Error('a network of layers evaluates no graph');
        const { sequence, resume, generation: options, ...rest } = message;
        const { input, steps, output, from, keepState, windowBytes, alreadyDelivered, inside } = rest;
        const generation =
          options &&
          (resume?.generation
            ? restoreGeneration(resume.generation, options, tokens, endId)
            : createGeneration(options, tokens, endId));
        batcher.add({
          id: sequence,
          input,
          steps,
          output,
          generation,
          from,
          keepState,
          resume,
          windowBytes,
          alreadyDelivered,
          inside,
        });
      },
    };
  }

  /** Loads an encoder-decoder, which encodes sources and searches for outputs. */
  function loadDecoder(
    network: number,
    { compiled, tokens: packed, startId, endId }: NetworkContent,
    arena: Arena,
    size: DecoderSize,
  ): Loaded {
    const tokens = openTokens(packed);
    const runner = createDecoderRunner(compiled, memory, arena, size);
    if (startId === undefined || endId === undefined)
      throw new Error('an encoder-decoder needs a start id and an end id');
    warmUpDecoder(runner, compiled.encoder!.network, startId);
    const batcher = createDecodeBatcher(runner, { now, tokens, startId, maxReadSteps: size.maxSource });
    const { input: source } = compiled.encoder!.network;
    const width = source.kind === 'features' ? source.width : idColumns(source).length;
    return {
      id: network,
      batcher,
      add(message) {
        if (message.kind !== 'start' || !message.decode)
          throw new Error('decode: required by an encoder-decoder');
        const { sequence, input, decode, from, keepState, windowBytes, alreadyDelivered } = message;
        const search = createSearch(decode, { startId, endId });
        batcher.add({
          id: sequence,
          input,
          steps: from ? from.length / runner.memoryWidth : input.length / width,
          from,
          keepState,
          decode,
          search,
          windowBytes,
          alreadyDelivered,
        });
      },
    };
  }

  function loadGraph(network: number, compiled: CompiledGraph, arena: Arena): Loaded {
    const evaluator = createGraphEvaluator(compiled, memory, arena.offset, now);
    const queue = createEvaluationQueue(evaluator, { now, tickMs: batcherDefaults.targetTickMs });
    return {
      id: network,
      batcher: queue,
      add(message) {
        if (message.kind !== 'evaluate') throw new Error('a graph runs no sequence');
        queue.add(message);
      },
    };
  }

  function start(message: StartMessage | EvaluateMessage): void {
    const { sequence: id } = message;
    const network = networks.find(({ id }) => id === message.network);
    try {
      if (!network) throw new Error(`network ${message.network} is not loaded`);
      network.add(message);
    } catch (error) {
      send({
        kind: 'reports',
        reports: [{ sequence: id, report: { kind: 'failed', reason: String(error) } }],
      });
    }
  }

  return {
    get sequences() {
      return networks.reduce((sum, { batcher }) => sum + batcher.active + batcher.waiting, 0);
    },
    control(message) {
      if (message.kind === 'load') return load(message);
      networks = networks.filter(({ id }) => id !== message.network);
      send({ kind: 'unloaded', network: message.network });
    },
    message(message) {
      if (message.kind === 'start' || message.kind === 'evaluate') return start(message);
      const { kind, sequence } = message;
      for (const { batcher } of networks)
        if (kind === 'cancel') batcher.cancel(sequence);
        else batcher.grant(sequence, message.bytes);
    },
    tick() {
      const index = networks.findIndex(({ batcher }) => batcher.runnable);
      if (index < 0) {
        held.flush();
        return false;
      }
      const [network] = networks.splice(index, 1);
      networks.push(network!);
      const reports: { sequence: number; report: SequenceReport }[] = [];
      const othersWait = networks.some((other) => other !== network && other.batcher.runnable);
      const ran = network!.batcher.tick((sequence, report) => reports.push({ sequence, report }), othersWait);
      if (ran) count(ran);
      if (ran) Atomics.add(network!.stepsRun, 0, BigInt(ran.sequenceSteps));
      if (ran && network!.tally) recordBatch(network!.tally, ran);
      if (reports.length > 0) held.add(reports, othersWait);
      return true;
    },
  };
}

/**
 * Encodes a source of one step and decodes one step, so that the first request does not pay for first-use
 * costs.
 */
function warmUpDecoder(runner: DecoderRunner, { input }: CompiledNetwork, startId: number): void {
  const [source] = runner.read([
    input.kind === 'features' ? new Float32Array(input.width) : new Int32Array(idColumns(input).length),
  ]);
  runner.join(source!);
  runner.step([startId]);
  runner.arrange([]);
  runner.release(source!);
}

/** Runs one step, so that the first request does not pay for first-use costs. */
function warmUp(runner: Runner): void {
  const row = runner.join();
  runner.plan([1]);
  if (runner.inputWidth === 0) runner.ids.fill(0);
  else runner.features.fill(0, 0, runner.inputWidth);
  runner.run([0], 'output');
  runner.leave(row);
}
