import type { Tensor } from '../../network/weights.ts';
import type { LayerDraft } from './layer-draft.ts';
import type { OnnxNode } from './read-onnx.ts';
import { invalidModel } from '../format-errors.ts';
import type { Rows, TrackedValue } from './tracked-value.ts';

/** What an operator may use of its surroundings. */
export interface ConversionContext {
  readonly draft: LayerDraft;
  readonly opset: number;
  /** Whether at most one node reads what a layer gives, by whatever names. */
  readonly hasSingleReader: (layer: string) => boolean;
  /** How many nodes and outputs read a tensor. */
  readonly countReaders: (name: string) => number;
}
export type Inputs = readonly (TrackedValue | undefined)[];
export type OperatorConverter = (
  node: OnnxNode,
  inputs: Inputs,
  reading: ConversionContext,
) => readonly TrackedValue[];

export const shapeValue: TrackedValue = { kind: 'shape' };
export const getIntegerAttribute = (node: OnnxNode, name: string, otherwise: number): number =>
  node.attributes.get(name)?.i ?? otherwise;
export const requireConstant = (value: TrackedValue | undefined, what: string): Tensor =>
  value?.kind === 'constant' ? value.tensor : invalidModel(`${what} is not a constant`);
export const requireRows = (value: TrackedValue | undefined): Rows =>
  value?.kind === 'rows' ? value : invalidModel('reads no rows');
/** Axes of an operator: an attribute, from opset 13 on an input. */
export const getAxes = (node: OnnxNode, input: TrackedValue | undefined, rank: number): number[] => {
  const given =
    node.attributes.get('axes')?.ints ?? (input?.kind === 'constant' ? [...input.tensor.values] : []);
  return given.map((one) => (one < 0 ? one + rank : one));
};
/** Rows that a layer of ours can read: features last, directions told apart no more. */
export function requireFeatureRows(value: TrackedValue | undefined): Rows {
  const one = requireRows(value);
  if (one.axes.at(-1)?.role !== 'features') invalidModel('its features are not the last axis');
  if (one.axes.some(({ role, size }) => role === 'directions' && size !== 1))
    invalidModel('the directions are an axis of their own');
  return one;
}
