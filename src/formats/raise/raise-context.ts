import type { Tensor } from '../../network/weights.ts';
import type { Operand } from '../../operators/operand.ts';
import type { OperatorSpec } from '../../operators/spec.ts';
import { invalidModel } from '../format-errors.ts';
import type { LayerDraft, Rows } from './layer-draft.ts';

// What raising knows of a graph's values: their shapes and constants for two lengths of one sequence. An axis whose
// size is the length is time, whatever its place; every other one is a part of a row.

/** A value for both lengths. */
export interface SizedValue {
  readonly operands: readonly [Operand, Operand];
  /** Null where it has no step of its own: the end of a sequence, a mean over it; or where a call is one step. */
  readonly time: number | null;
  /** Columns of a row. */
  readonly width: number;
}

export interface RaiseContext {
  readonly lengths: readonly [number, number];
  /** Whether the graph is called once a step: no value has an axis of time. */
  readonly isStep: boolean;
  readonly draft: LayerDraft;
  /** @throws UnrollError invalid_model where its size grows in another way than with the steps */
  readonly sized: (name: string) => SizedValue;
  /** The rows that a value has; null where it is none of a layer's. */
  readonly findRows: (name: string) => Rows | null;
  /** @throws UnrollError invalid_model where a value is not constant */
  readonly constant: (name: string | undefined, label: string) => Tensor;
  /** Whether at most one operator reads a layer's rows. */
  readonly hasSingleReader: (layer: string) => boolean;
  /** Whether the answer depends on a value. */
  readonly isRead: (name: string | undefined) => boolean;
}

/** Raises one operator. @returns the rows of its outputs, null for one that has none */
export type Raise = (operator: OperatorSpec, context: RaiseContext) => readonly (Rows | null)[];

/** @throws UnrollError invalid_model where a value is no layer's rows */
export const requireRows = ({ findRows }: RaiseContext, name: string | undefined): Rows =>
  findRows(name ?? '') ?? invalidModel('its input is not the output of a layer');

/** The integers of an input for both lengths: a shape, an index. @throws UnrollError invalid_model */
export function integers({ sized }: RaiseContext, name: string): [number[], number[]] {
  const [first, second] = sized(name).operands;
  if (!first.known || !second.known) invalidModel('a shape or index is computed from the input');
  return [Array.from(first.values), Array.from(second.values)];
}
