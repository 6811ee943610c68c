import type { Cell } from '../kernel/emit/recurrent.ts';
import type { KernelFunctions } from '../kernel/instantiate.ts';
import type { ColumnOrder } from '../kernel/pack.ts';
import type { Tensor, Weights } from '../network/weights.ts';
import type { Block, Parameter } from './layer.ts';

// What differs from cell to cell when a recurrent layer learns. Rows of a step are [rows][padded(units)] unless said.

/** Addresses of one step's rows. */
export interface StepAt {
  /** [rows][columns]: gates as the forward pass kept them; after, the gradients of W x + b. */
  readonly gates: number;
  /** What else it kept: an LSTM's c', a GRU's R_n h + b or r·h. */
  readonly kept: number;
  readonly before: number;
  /** LSTM: c of the step. */
  readonly cBefore: number;
  readonly dy: number;
  /** ∂L/∂h' through the recurrent product of the step after; out: the same for the step before. */
  readonly dh: number;
  /** ∂L past the gates: of an LSTM's c', of a GRU's h'; out: the same for the step before. */
  readonly carry: number;
  /** Index of the step's first row among all packed rows. */
  readonly first: number;
  readonly rows: number;
}

export interface CellSteps {
  readonly cell: Cell;
  readonly order: ColumnOrder;
  readonly parameters: readonly Parameter[];
  /** Packed recurrent weights, as the sweep reads them. */
  readonly weight: number;
  /** The recurrent bias of every column, and the first row of W whose bias is not added to the input projection. */
  recurrentBias(column: number): number;
  readonly apart: number;
  /** Whether `carry` belongs to h rather than to c. */
  readonly carriesH: boolean;
  readonly gateNames: readonly string[];
  load(weights: Weights): void;
  save(weights: Map<string, Tensor>): void;
  refresh(): void;
  /** One step back. */
  back(functions: KernelFunctions, at: StepAt): void;
  /** Adds the gradients of the recurrent weights over all packed rows. */
  accumulate(
    functions: KernelFunctions,
    at: { gates: Block; before: Block; kept: Block; packed: number },
  ): void;
}
