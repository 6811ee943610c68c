import type { Tensor } from '../../network/weights.ts';
import type { Draft } from './draft.ts';
import type { OnnxNode } from './read-onnx.ts';
import { refuse } from './refuse.ts';
import type { Rows, Value } from './values.ts';

/** What an operator may use of its surroundings. */
export interface Reading {
  readonly draft: Draft;
  readonly opset: number;
  /** Whether at most one node reads what a layer gives, by whatever names. */
  readonly alone: (layer: string) => boolean;
  /** How many nodes and outputs read a tensor. */
  readonly readers: (name: string) => number;
}
export type Inputs = readonly (Value | undefined)[];
export type Operator = (node: OnnxNode, inputs: Inputs, reading: Reading) => readonly Value[];

export const shape: Value = { kind: 'shape' };
export const int = (node: OnnxNode, name: string, otherwise: number): number =>
  node.attributes.get(name)?.i ?? otherwise;
export const constant = (value: Value | undefined, what: string): Tensor =>
  value?.kind === 'constant' ? value.tensor : refuse(`${what} is not a constant`);
export const rows = (value: Value | undefined): Rows =>
  value?.kind === 'rows' ? value : refuse('reads no rows');
/** Axes of an operator: an attribute, from opset 13 on an input. */
export const axesOf = (node: OnnxNode, input: Value | undefined, rank: number): number[] => {
  const given =
    node.attributes.get('axes')?.ints ?? (input?.kind === 'constant' ? [...input.tensor.values] : []);
  return given.map((one) => (one < 0 ? one + rank : one));
};
/** Rows that a layer of ours can read: features last, directions told apart no more. */
export function ready(value: Value | undefined): Rows {
  const one = rows(value);
  if (one.axes.at(-1)?.role !== 'features') refuse('its features are not the last axis');
  if (one.axes.some(({ role, size }) => role === 'directions' && size !== 1))
    refuse('the directions are an axis of their own');
  return one;
}
