import type { Emitter } from '../kernel/emit/emitter.ts';
import type { KernelFunctions } from '../kernel/instantiate.ts';
import type { Plan } from '../network/layers/layer.ts';
import type { Tensor, Weights } from '../network/weights.ts';
import type { Rng } from '../decoding/rng.ts';

// A layer while it learns. Rows are packed as in serving: time-major, [rows, padded(width)] float32 in kernel memory.

/** A piece of kernel memory, and where it is. */
export interface Block {
  readonly address: number;
  readonly values: Float32Array;
}

/** Numbers that an optimiser changes, in the layout that the kernel reads. Both are as long. */
export interface Parameter {
  readonly name: string;
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  /** Whether weight decay shrinks it: matrices, not biases. */
  readonly decays: boolean;
}

/** The most that one batch may hold: sequences, and steps of all of them together. */
export interface Capacity {
  readonly rows: number;
  readonly packed: number;
}

export interface BuildContext {
  readonly e: Emitter;
  readonly capacity: Capacity;
  /** Zeroed memory for `length` float32. */
  readonly allocate: (length: number) => Block;
}

/** What a layer may use in one pass over a batch. */
export interface Pass {
  readonly functions: KernelFunctions;
  readonly plan: Plan;
  /** Steps of all sequences: plan.offsets[plan.steps]. */
  readonly packed: number;
  /** Draws dropout masks; null when measuring, and then nothing is dropped. */
  readonly random: Rng | null;
}

export interface LearningLayer {
  readonly width: number;
  readonly parameters: readonly Parameter[];
  load(weights: Weights): void;
  save(weights: Map<string, Tensor>): void;
  /** Brings what is derived from the parameters up to date after they have changed. */
  refresh(): void;
  /** Forgets the state carried from the batch before. */
  reset(): void;
  /** x → y */
  forward(pass: Pass, x: Block): Block;
  /** ∂L/∂y → ∂L/∂x of the last forward pass, adding to the parameters' gradients. */
  backward(pass: Pass, dy: Block): Block;
}

/** For layers without parameters and state. */
export const nothingToLearn = {
  parameters: [],
  load: (): void => {},
  save: (): void => {},
  refresh: (): void => {},
  reset: (): void => {},
} as const;
