import type { Emitter } from '../../kernel/emit/emitter.ts';
import type { KernelFunctions } from '../../kernel/instantiate.ts';
import type { Plan } from '../layers/layer.ts';
import type { Tensor, Weights } from '../weights.ts';
import type { Rng } from '../../random.ts';

// A layer in training. Rows are packed as in serving: time-major, [rows, padded(width)] float32 in kernel
// memory.

/** A piece of kernel memory and its address. */
export interface Block {
  readonly address: number;
  readonly values: Float32Array;
}

/**
 * Values that an optimiser updates and their gradients, of one length, in the layout that the kernel reads.
 */
export interface Parameter {
  readonly name: string;
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  /** Whether weight decay shrinks it: matrices, not biases. */
  readonly decays: boolean;
  /** Of a table: 1 for each row in which the gradient may not be zero. Shared by all threads. */
  readonly touched?: Uint8Array;
}

/** Maximum size of a batch: its sequences, and the steps of all of them. */
export interface Capacity {
  readonly rows: number;
  readonly packed: number;
  /** Steps of the longest sequence; by default as many as of all together. */
  readonly steps?: number;
}

export interface BuildContext {
  readonly e: Emitter;
  readonly capacity: Capacity;
  /**
   * The same for the sources of an encoder-decoder's batch; equal to `capacity` where there is no encoder.
   */
  readonly sourceCapacity: Capacity;
  /** Zeroed memory for `length` float32. */
  readonly allocate: (length: number) => Block;
}

/** The context of one pass over a batch. */
export interface Pass {
  readonly functions: KernelFunctions;
  readonly plan: Plan;
  /** Steps of all sequences: plan.offsets[plan.steps]. */
  readonly packed: number;
  /** Draws dropout masks; null in evaluation, which drops nothing. */
  readonly random: Rng | null;
  /** Steps after which the state is kept for the next batch; all of them unless truncated windows overlap. */
  readonly carryAfter: number;
  /** The encoder's pass, if there is an encoder. */
  readonly source: SourcePass | null;
  /** Records the gradient flow, if requested. */
  readonly flow: GradientFlow | null;
}

export interface SourcePass {
  readonly plan: Plan;
  readonly packed: number;
  /** The source's row of each row of the batch. */
  readonly sourceRows: Int32Array;
}

export interface GradientFlow {
  /**
   * |∂L/∂h|² of one sequence at one step of a recurrent node, `distance` steps before the sequence's last.
   */
  add(node: string, distance: number, squared: number): void;
}

export interface LearningLayer {
  readonly width: number;
  readonly parameters: readonly Parameter[];
  load(weights: Weights): void;
  save(weights: Map<string, Tensor>): void;
  /** Recomputes values derived from the parameters after an update. */
  refresh(): void;
  /** Resets the state carried over from the previous batch. */
  reset(): void;
  /**
   * The state carried over to the next batch, which a checkpoint must save. Views; writing to them changes
   * the state.
   */
  readonly carried: readonly Float32Array[];
  /** x → y. The blocks it reads stay as they are until its backward pass. */
  forward(pass: Pass, inputs: readonly Block[]): Block;
  /**
   * ∂L/∂y → ∂L/∂x of the last forward pass, a block an input, adding to the parameters' gradients. It changes
   * neither dy nor what it read, but may give dy itself back.
   */
  backward(pass: Pass, dy: Block): readonly Block[];
}

/** A recurrent node in training: a bridge may write its first state, and reads the gradient of it. */
export interface LearningRecurrent extends LearningLayer {
  /**
   * h and c (of a cell with c, else null) before the first step [rows, padded(units)]; those of the previous
   * batch unless overwritten.
   */
  readonly start: { readonly h: Float32Array; readonly c: Float32Array | null };
  /** ∂L/∂start of the last backward pass. */
  readonly startGradient: { readonly h: Float32Array; readonly c: Float32Array | null };
  /** Statistics of the gates in the last forward pass. */
  gateStatistics(pass: Pass): GateStatistics[];
}

export interface GateStatistics {
  readonly gate: string;
  /**
   * Shares of all values at or below 0.01 and at or above 0.99 of a gate's range (tanh: |value| ≥ 0.99 is
   * saturated).
   */
  readonly closed: number;
  readonly open: number;
  /**
   * Units whose value hardly moved (standard deviation below 1e-3) over the batch; for relu those that were 0
   * throughout.
   */
  readonly dead: number;
}

/** For layers without parameters and state. */
export const nothingToLearn = {
  parameters: [],
  carried: [],
  load: (): void => {},
  save: (): void => {},
  refresh: (): void => {},
  reset: (): void => {},
} as const;
