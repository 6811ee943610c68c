import type { Kernel } from '../../kernel/kernel.ts';
import { padded } from '../../kernel/layout.ts';
import type { Precision } from '../../kernel/precision.ts';
import { compileNetwork, freeNetwork, type CompiledNetwork } from '../../network/compile-network.ts';
import { createDecoderRunner, decoderBytes } from '../../network/decoder-runner.ts';
import { arenaBytes } from '../../network/layout.ts';
import { createRunner, type Runner } from '../../network/runner.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import type { Batch, Sequences } from '../batch.ts';
import { forEachStep } from '../data/pack-batch.ts';
import type { Batches } from '../data/epoch-batches.ts';

// Logits of training batches by the kernels that serve a model, rather than by those that train it.

/** A served network that reads batches. */
export interface ServedLogits {
  readonly width: number;
  /** @returns logits [packed, padded(width)] of every step, the correct inputs given */
  logits(batch: Batch): Float32Array;
  free(): void;
}

/** @throws UnrollError invalid_model, invalid_weights, out_of_memory */
export function createServedLogits(
  kernel: Kernel,
  { network, weights, precision }: { network: NetworkSpec; weights: Weights; precision: Precision },
  batches: Batches,
): ServedLogits {
  const compiled = compileNetwork(network, weights, kernel, precision);
  const create = compiled.encoder ? createDecoded : createRun;
  const { bytes, open } = create(compiled, batches);
  const offset = kernel.memory.allocate(bytes);
  return {
    ...open(kernel.memory.memory, { offset, bytes }),
    free() {
      kernel.memory.free(offset);
      freeNetwork(compiled, kernel);
    },
  };
}

interface Opened {
  readonly bytes: number;
  readonly open: (
    memory: WebAssembly.Memory,
    arena: { offset: number; bytes: number },
  ) => Omit<ServedLogits, 'free'>;
}

/** A network without an encoder: one tick a batch. */
function createRun(compiled: CompiledNetwork, { capacity, carriesState }: Batches): Opened {
  const size = { maxRows: capacity.rows, maxPacked: capacity.packed };
  return {
    bytes: arenaBytes(compiled, size),
    open(memory, arena) {
      const runner = createRunner(compiled, memory, arena, size);
      const { outputWidth: width } = runner;
      return {
        width,
        logits(batch) {
          const { plan } = batch;
          const packed = plan.offsets[plan.steps]!;
          const rows = plan.offsets[1]!;
          if (!carriesState) while (runner.rows > 0) runner.leave(runner.rows - 1);
          while (runner.rows < rows) runner.join();
          runner.plan(rowSteps(batch));
          feed(runner, batch, packed);
          const every = Int32Array.from({ length: packed }, (_, at) => at);
          const tight = runner.run(every, 'logits');
          const logits = new Float32Array(packed * padded(width));
          for (let at = 0; at < packed; at++)
            logits.set(tight.subarray(at * width, (at + 1) * width), at * padded(width));
          return logits;
        },
      };
    },
  };
}

/** An encoder-decoder: sources are read, then every row advances by the correct token. */
function createDecoded(compiled: CompiledNetwork, { capacity, sourceCapacity }: Batches): Opened {
  const size = {
    maxRows: capacity.rows,
    maxSource: sourceCapacity!.packed,
    maxStoredSteps: sourceCapacity!.packed,
  };
  return {
    bytes: decoderBytes(compiled, size),
    open(memory, arena) {
      const runner = createDecoderRunner(compiled, memory, arena, size);
      const { outputWidth: width } = runner;
      return {
        width,
        logits({ plan, ids, source }) {
          const read = runner.read(sequencesOf(source!));
          for (const row of source!.sourceRows) runner.join(read[row]!);
          const logits = new Float32Array(plan.offsets[plan.steps]! * padded(width));
          for (let t = 0; t < plan.steps; t++) {
            const [from, to] = [plan.offsets[t]!, plan.offsets[t + 1]!];
            runner.arrange(Array.from({ length: to - from }, (_, row) => row));
            const given = runner.step(ids!.subarray(from, to));
            for (let row = 0; row < to - from; row++)
              logits.set(given.subarray(row * width, (row + 1) * width), (from + row) * padded(width));
          }
          runner.arrange([]);
          read.forEach((one) => runner.release(one));
          return logits;
        },
      };
    },
  };
}

function rowSteps({ plan }: Sequences): Int32Array {
  const steps = new Int32Array(plan.offsets[1]!);
  forEachStep(plan, (row, t) => (steps[row] = t + 1));
  return steps;
}

function feed(runner: Runner, { ids, features }: Sequences, packed: number): void {
  if (features) runner.features.set(features);
  else
    for (let column = 0; column < runner.idColumns; column++)
      runner.ids.set(ids!.subarray(column * packed, (column + 1) * packed), column * runner.maxPacked);
}

/** Every row's own input [steps][columns]. */
function sequencesOf(batch: Sequences): (Int32Array | Float32Array)[] {
  const { plan, ids, features } = batch;
  const packed = plan.offsets[plan.steps]!;
  const columns = (ids ?? features)!.length / packed;
  const sequences = Array.from(rowSteps(batch), (steps) =>
    ids ? new Int32Array(steps * columns) : new Float32Array(steps * columns),
  );
  forEachStep(plan, (row, t, at) => {
    for (let column = 0; column < columns; column++)
      sequences[row]![t * columns + column] = ids
        ? ids[column * packed + at]!
        : features![at * columns + column]!;
  });
  return sequences;
}
