import type { Emitter } from '../../kernel/emit/emitter.ts';
import type { KernelFunctions } from '../../kernel/instantiate.ts';

// What a layer is made of at load (main thread) and when it runs (a worker). What crosses between the two is plain data
// that can be cloned: names of emitted functions and addresses in the shared memory.

/** What a layer may use while it is compiled. */
export interface CompileContext {
  readonly e: Emitter;
  /** A float32 tensor of the weights file; shapes have been checked. */
  readonly tensor: (name: string) => Float32Array;
  /** Room for `length` float32 in the shared memory; `fill` writes them. @returns the address */
  readonly place: (length: number, fill: (values: Float32Array) => void) => number;
  /** Columns of what the layer reads. */
  readonly inputWidths: readonly number[];
  /** What its first input compiled to; undefined where that is the network's input. */
  readonly before: { readonly kind: string } | undefined;
}

/** What a layer may use while it runs. */
export interface RunContext {
  readonly functions: KernelFunctions;
  /** A fresh view of the memory: it may have grown since the last one. */
  readonly floats: () => Float32Array;
}

/** The (row, step) pairs of one tick, time-major: at step t the rows 0 … active(t) − 1, at offsets[t] … offsets[t + 1] − 1. */
export interface Plan {
  readonly offsets: Int32Array;
  readonly steps: number;
  /** Steps run before this tick: which way the kernel passes over a layer's weights turns at every step. */
  readonly turn: number;
}
export const activeRows = (plan: Plan, t: number): number => plan.offsets[t + 1]! - plan.offsets[t]!;
