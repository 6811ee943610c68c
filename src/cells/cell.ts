import type { FunctionBuilder, V128Local } from '../kernel/assembler/function-builder.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import type { RowAddresses, SweepPhase } from '../kernel/emit/sweep.ts';
import type { CellOptions } from './options.ts';
import type { StepMath, StepState } from './step-math.ts';

// What a recurrent cell is. One file a cell describes all of it; registry.ts lists them.

export interface Cell {
  /** Unique; part of the names of emitted functions. */
  readonly name: string;
  /** In the order of the blocks of rows of the weight tensors. */
  readonly gates: readonly Gate[];
  /** What a sequence keeps between steps, each of `units` numbers: h, or h and c. */
  readonly states: readonly StateName[];
  /** Activations that a layer may choose, in the order of ONNX's f, g, h. */
  readonly activations: readonly ActivationRole[];
  /** Other options that a layer may set. */
  readonly supports: readonly CellOption[];
  /**
   * Gates that see c through a weight a unit, in the order of the tensor `peephole`, where the layer has
   * peepholes.
   */
  readonly peepholes?: readonly string[];
  /** The cell that `reset: 'before'` chooses instead. */
  readonly resetBefore?: Cell;
  /** What other formats call it. */
  readonly sources: CellSources;
  /** The start of emitted functions' names, where it is not the cell's name and its unusual options. */
  readonly label?: (options: CellOptions) => string;
  /**
   * Products with the recurrent weights and what follows each; their gates one after the other are the
   * cell's.
   */
  readonly phases: (options: CellOptions) => readonly CellPhase[];
  /** The equations in float64, for plain numbers and for numbers with gradients. */
  readonly step: <V>(math: StepMath<V>, state: StepState<V>) => StepState<V>;
}

export type StateName = 'h' | 'c';
export type ActivationRole = 'gate' | 'candidate' | 'output';
/** Fields of a recurrent layer in model.json. `activation` is the short form of a plain cell's. */
export type CellOption = 'activation' | 'clip' | 'input_forget' | 'peepholes';

export interface Gate {
  readonly name: string;
  /**
   * Whether the state takes part in its sum: W x + b + R h + b' where the biases are combined,
   * W x + b and R h + b' separately where something comes between them, or W x + b alone, and then the
   * recurrent tensors have no rows for it.
   */
  readonly product: 'combined_bias' | 'separate_bias' | 'none';
  /** What is applied to its sum; null where the sum is the value. */
  readonly activation: 'gate' | 'candidate' | null;
  /** First value of its bias in training, 0 unless given. */
  readonly initialBias?: number;
}

export interface CellPhase {
  /**
   * Names this phase's part of the recurrent matrix among an optimiser's parameters, where there are several
   * phases.
   */
  readonly name: string;
  readonly gates: readonly string[];
  /** What the recurrent matrix multiplies: the state, or what an earlier phase left in the rows `reset`. */
  readonly operand: SweepPhase['operand'];
  /** Emits the update of 16 units; it leaves every gate's value in the locals of its sum. */
  readonly update: SweepPhase['update'];
  /**
   * Training: emits what the backward pass needs besides the gates' values and h, into the rows `c` of a cell
   * without c.
   */
  readonly record?: {
    /** Before the update: sums [gate][4 vectors] */
    readonly sums?: (f: FunctionBuilder, sums: V128Local[][], at: RowAddresses) => void;
    /** After it: values [gate][4 vectors] */
    readonly values?: (f: FunctionBuilder, values: V128Local[][], at: RowAddresses) => void;
  };
  readonly backward: BackwardStage;
}

/**
 * One phase backwards. Stages run from the last phase to the first. After a stage the gradient of its sums
 * goes through the recurrent matrix to its operand: to `dh` of the step before, or to `dReset`, which the
 * next stage reads.
 */
export interface BackwardStage {
  /** Emits it. @returns the function's name; its parameters are `rows`, then the count */
  readonly emit: (e: Emitter, units: number) => string;
  readonly rows: readonly BackwardRows[];
  /** Whether the count is of rows, or of groups of 16 units of all rows. */
  readonly count: 'rows' | 'groups';
  /** Where the gradient of R h + b' is: that of W x + b serves, or it has rows of its own, `dSums`. */
  readonly recurrentGradient: 'gates' | 'dSums';
}

/**
 * Rows of one step, [padded(units)] except where noted:
 * gates   [columns]  in: the gates' values; out: the gradients of W x + b
 * recorded  c', or what the phases recorded      h, c  states before the step
 * dy  ∂L/∂h' from above      dh  ∂L/∂h' through the recurrent product of the step after
 * carry  ∂L/∂c' of a cell with c, else ∂L/∂h', past the gates of the step after; out: the same for the step
 * before
 * dSums [columns of the phase]  out: the gradients of R h + b'      dReset  ∂L/∂reset
 */
export type BackwardRows = 'gates' | 'recorded' | 'h' | 'c' | 'dy' | 'dh' | 'carry' | 'dSums' | 'dReset';

/**
 * Names of a cell in other formats, and the place of each of our gate blocks there. PyTorch's order of gates
 * is ours.
 */
export interface CellSources {
  /** A module of torch.nn. */
  readonly pytorch?: string;
  readonly keras?: {
    readonly className: string;
    readonly cudnnClassName?: string;
    readonly gateOrder: readonly number[];
  };
  readonly onnx?: { readonly operator: string; readonly gateOrder: readonly number[] };
}
