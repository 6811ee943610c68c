import type { Tensor } from '../../network/weights.ts';
import type { LayerDraft } from './layer-draft.ts';
import type { OnnxNode } from './read-onnx.ts';
import { invalidModel } from '../format-errors.ts';
import type { Rows, TrackedValue } from './tracked-value.ts';

/** The context in which operators are converted. */
export interface ConversionContext {
  readonly draft: LayerDraft;
  readonly opset: number;
  /** Whether at most one node uses a layer's output, under any name. */
  readonly hasSingleReader: (layer: string) => boolean;
  /** Counts the nodes and graph outputs that use a tensor. */
  readonly countReaders: (name: string) => number;
}
export type Inputs = readonly (TrackedValue | undefined)[];
export type OperatorConverter = (
  node: OnnxNode,
  inputs: Inputs,
  reading: ConversionContext,
) => readonly TrackedValue[];

export const shapeValue: TrackedValue = { kind: 'shape' };
export const getIntegerAttribute = (node: OnnxNode, name: string, fallback: number): number =>
  node.attributes.get(name)?.i ?? fallback;
export const requireConstant = (value: TrackedValue | undefined, label: string): Tensor =>
  value?.kind === 'constant' ? value.tensor : invalidModel(`${label} is not a constant`);
export const requireRows = (value: TrackedValue | undefined): Rows =>
  value?.kind === 'rows' ? value : invalidModel('the input is not the output of a layer');
/** Returns an operator's axes: an attribute, or from opset 13 an input. */
export const getAxes = (node: OnnxNode, input: TrackedValue | undefined, rank: number): number[] => {
  const given =
    node.attributes.get('axes')?.ints ?? (input?.kind === 'constant' ? [...input.tensor.values] : []);
  return given.map((one) => (one < 0 ? one + rank : one));
};
/**
 * Requires rows that a layer can read: features last, directions merged.
 * @throws UnrollError invalid_model
 */
export function requireFeatureRows(value: TrackedValue | undefined): Rows {
  const one = requireRows(value);
  if (one.axes.at(-1)?.role !== 'features') invalidModel('the features are not the last axis');
  if (one.axes.some(({ role, size }) => role === 'directions' && size !== 1))
    invalidModel('the directions are a separate axis');
  return one;
}
