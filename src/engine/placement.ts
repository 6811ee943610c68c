import { UnrollError } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MemoryFull } from '../kernel/memory.ts';
import { decoderBytes, type DecoderSize } from '../network/decoder-runner.ts';
import { arenaBytes, type Arena } from '../network/layout.ts';
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
  options: { readonly kernel: Kernel } & PlacementSizes,
): Placement {
  const { kernel, workers, slots, maxSteps } = options;
  const compiled = compileNetwork(spec, weights, kernel);
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
    const bytes = decoder ? decoderBytes(compiled, decoder) : arenaBytes(compiled, size);
    for (let worker = 0; worker < workers; worker++)
      arenas.push({ offset: kernel.memory.allocate(bytes), bytes });
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

/** Frees the weights and arenas of a network or graph. */
export function freePlacement(
  { compiled, arenas }: { compiled: Parameters<typeof freeNetwork>[0]; arenas: readonly Arena[] },
  kernel: Kernel,
): void {
  for (const { offset } of arenas) kernel.memory.free(offset);
  freeNetwork(compiled, kernel);
}
