import { UnrollError } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Precision } from '../kernel/precision.ts';
import { MemoryFull } from '../kernel/memory.ts';
import { decoderBytes, type DecoderSize } from '../network/decoder-runner.ts';
import { measureLayout, type Arena } from '../network/layout.ts';
import { compileNetwork, freeNetwork, type CompiledNetwork } from '../network/compile-network.ts';
import { createRunner } from '../network/runner.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';
import { describeNetwork, type NetworkInfo } from './network-info.ts';

// The shared memory of one network: its weights once, and an arena for each worker.

/** Maximum steps of an encoder-decoder's source, and of all sources in one worker at a time. */
const maxSourceSteps = 4096;
/**
 * Packed steps of a causal network's tick. More is not faster per step, fewer split long batches into more
 * ticks.
 */
const causalPackedSteps = 512;
/** Smaller scratch than this has this size. */
const minScratchBytes = 65_536;

/** Plain data: a network may be placed in another thread than the one that registers it. */
export interface Placement {
  readonly compiled: CompiledNetwork;
  readonly size: { readonly maxRows: number; readonly maxPacked: number };
  /** Null unless the network is an encoder-decoder. */
  readonly decoder: DecoderSize | null;
  /** One for each worker, by its index. */
  readonly arenas: readonly Arena[];
  readonly info: NetworkInfo;
}

/** The number of workers, and the capacity of each. */
export interface PlacementSizes {
  readonly workers: number;
  readonly slots: number;
  readonly maxSteps: number;
}

/**
 * Compiles a network into the kernel's memory.
 * @throws UnrollError invalid_model, invalid_weights, out_of_memory
 */
export function placeNetwork(
  spec: NetworkSpec,
  weights: Weights,
  options: { readonly kernel: Kernel; readonly precision?: Precision } & PlacementSizes,
): Placement {
  const { kernel, precision, workers, slots, maxSteps } = options;
  const compiled = compileNetwork(spec, weights, kernel, precision);
  const arenas: Arena[] = [];
  const size = {
    maxRows: slots,
    maxPacked: compiled.causal ? Math.max(slots, causalPackedSteps) : Math.max(slots, maxSteps),
  };
  try {
    const decoder = compiled.encoder
      ? {
          maxRows: slots,
          maxSource: Math.min(maxSteps, maxSourceSteps),
          maxStoredSteps: maxSourceSteps,
        }
      : null;
    for (let worker = 0; worker < workers; worker++)
      if (decoder) placeArena(kernel, arenas, decoderBytes(compiled, decoder));
      else placeWithScratch(kernel, arenas, measureLayout(compiled, size), worker);
    // only for its widths: nothing runs on it
    const runner = createRunner(compiled, kernel.memory.memory, arenas[0]!, size);
    const info = describeNetwork(spec, weights, {
      compiled,
      runner,
      maxSteps: decoder?.maxSource ?? maxSteps,
      maxBeam: decoder?.maxRows ?? 0,
    });
    return { compiled, size, decoder, arenas, info };
  } catch (error) {
    freePlacement({ compiled, arenas }, kernel);
    if (error instanceof MemoryFull) throw new UnrollError('out_of_memory', error.message, { cause: error });
    throw error;
  }
}

function placeArena({ memory }: Kernel, arenas: Arena[], bytes: number): void {
  arenas.push({ offset: memory.allocate(bytes), bytes });
}

/**
 * Places states, and scratch that a worker's networks share, since it runs one tick at a time. The scratch of a thousand small
 * networks is a hundred times what their states and weights are.
 */
function placeWithScratch(
  { memory }: Kernel,
  arenas: Arena[],
  { states, scratch }: { readonly states: number; readonly scratch: number },
  worker: number,
): void {
  const bytes = roundUp(scratch);
  const shared = memory.share(`scratch of ${bytes} bytes, worker ${worker}`, bytes);
  try {
    arenas.push({ offset: memory.allocate(states), bytes: states, scratch: shared });
  } catch (error) {
    memory.free(shared);
    throw error;
  }
}

/** The next of the sizes of shared scratch, of which there are four to a power of two, so that networks have few between them. */
export function roundUp(bytes: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, bytes - 1))) - 2);
  return Math.max(minScratchBytes, Math.ceil(bytes / step) * step);
}

/** Frees the weights and arenas of a network or graph. */
export function freePlacement(
  { compiled, arenas }: { compiled: Parameters<typeof freeNetwork>[0]; arenas: readonly Arena[] },
  kernel: Kernel,
): void {
  for (const { offset, scratch } of arenas) {
    kernel.memory.free(offset);
    if (scratch !== undefined) kernel.memory.free(scratch);
  }
  freeNetwork(compiled, kernel);
}
