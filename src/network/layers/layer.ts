import type { Emitter } from '../../kernel/emit/emitter.ts';
import type { Precision } from '../../kernel/precision.ts';
import type { KernelFunctions } from '../../kernel/instantiate.ts';

// Contexts of a layer at compilation (main thread) and at run time (worker). Compiled layers are plain data
// that can be cloned: names of emitted functions and addresses in the shared memory.

/** The context of a layer's compilation. */
export interface CompileContext {
  readonly e: Emitter;
  /**
   * Of functions that report a layer's inside values, which are compiled when they are first called; null
   * where none are reported.
   */
  readonly observer: Emitter | null;
  /** A float32 tensor of the weights file; shapes have been checked. */
  readonly tensor: (name: string) => Float32Array;
  /** Allocates `length` float32 in the shared memory; `fill` writes them. @returns the address */
  readonly place: (length: number, fill: (values: Float32Array) => void) => number;
  /** The same for what is only read until the layer's `fill` has run. */
  readonly placeUntilFilled: CompileContext['place'];
  /** Of the weights of recurrent and dense layers. */
  readonly precision: Precision;
  /** Columns of the layer's inputs. */
  readonly inputWidths: readonly number[];
  /** Its first input, compiled; undefined where that is the network's input. */
  readonly before: { readonly kind: string } | undefined;
}

/** The context of a running layer. */
export interface RunContext {
  readonly functions: KernelFunctions;
  /** A fresh view of the memory: it may have grown since the last one. */
  readonly floats: () => Float32Array;
}

/**
 * The (row, step) pairs of one tick, time-major: at step t the rows 0 … active(t) − 1, at offsets[t] …
 * offsets[t + 1] − 1.
 */
export interface Plan {
  readonly offsets: Int32Array;
  readonly steps: number;
  /**
   * Parity of the steps run before this tick: the kernel's direction over a layer's weights alternates from
   * step to step.
   */
  readonly parity: number;
}
export const activeRows = (plan: Plan, t: number): number => plan.offsets[t + 1]! - plan.offsets[t]!;
