import { UnrollError } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MemoryFull } from '../kernel/memory.ts';
import { decoderBytes, type DecoderSize } from '../network/decoder-runner.ts';
import { arenaBytes, type Arena } from '../network/layout.ts';
import { compileNetwork, freeNetwork, type NetworkProgram } from '../network/program.ts';
import { createRunner } from '../network/runner.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';
import { lengthCheck } from './length-check.ts';
import { describeNetwork, type NetworkInfo } from './network-info.ts';

// A network's place in the shared memory: its weights once, and an arena for each worker.

/** Most steps of an encoder-decoder's source, and of all sources that a worker holds at a time. */
const longestSource = 4096;
/** Packed steps of a causal network's tick. More makes no tick faster, less gives long batches more ticks. */
const causalPacked = 512;

export interface Placement {
  readonly program: NetworkProgram;
  readonly size: { readonly maxRows: number; readonly maxPacked: number };
  /** Of an encoder-decoder. */
  readonly decoder: DecoderSize | null;
  /** By the worker's index. */
  readonly arenas: readonly Arena[];
  readonly info: NetworkInfo;
  /** Throws for a length that the network cannot take; null where it takes every one. */
  readonly checkLength: ((steps: number) => void) | null;
}

/** @throws UnrollError invalid_model, invalid_weights, out_of_memory */
export function placeNetwork(
  spec: NetworkSpec,
  weights: Weights,
  into: { kernel: Kernel; workers: number; slots: number; maxSteps: number },
): Placement {
  const { kernel, workers, slots, maxSteps } = into;
  const program = compileNetwork(spec, weights, kernel);
  const arenas: Arena[] = [];
  const size = {
    maxRows: slots,
    maxPacked: program.causal ? Math.max(slots, causalPacked) : Math.max(slots, maxSteps),
  };
  try {
    const decoder = program.encoder
      ? {
          maxRows: slots,
          maxSource: Math.min(maxSteps, longestSource),
          maxHeld: longestSource,
        }
      : null;
    const bytes = decoder ? decoderBytes(program, decoder) : arenaBytes(program, size);
    for (let worker = 0; worker < workers; worker++)
      arenas.push({ offset: kernel.memory.allocate(bytes), bytes });
    // asked for its widths only: nothing runs on the main thread
    const runner = createRunner(program, kernel.memory.memory, arenas[0]!, size);
    const { path, reason } = kernel;
    const info = describeNetwork(spec, weights, {
      program,
      runner,
      kernel: { path, reason },
      maxSteps: decoder?.maxSource ?? maxSteps,
      maxBeam: decoder?.maxRows ?? 0,
    });
    return { program, size, decoder, arenas, info, checkLength: lengthCheck(program, kernel.memory.memory) };
  } catch (error) {
    freePlacement({ program, arenas }, kernel);
    if (error instanceof MemoryFull) throw new UnrollError('out_of_memory', error.message, { cause: error });
    throw error;
  }
}

export function freePlacement(
  { program, arenas }: Pick<Placement, 'program' | 'arenas'>,
  kernel: Kernel,
): void {
  for (const { offset } of arenas) kernel.memory.free(offset);
  freeNetwork(program, kernel);
}
