import type { AnyModel } from '../repository/repository-interface.ts';
import { findExample } from '../tasks/example.ts';
import { makeText } from '../tasks/make-example-text.ts';
import { modelSignature } from './infer-any.ts';
import type { TensorSignature } from './tensor-signature.ts';

/** A tensor as JSON of the Open Inference Protocol has it. */
export interface ExampleTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean)[];
}

/** Steps of a sequence, and tokens of a text. */
const steps = 6;
/** More elements are too long to show. */
const maxElements = 4096;

/** Makes tensors that a model takes: a batch of one. Null for a tensor that is too large. */
export function makeTensors(model: AnyModel): ExampleTensor[] | null {
  const { inputs } = modelSignature(model);
  // sizes of several inputs may have to agree, and 1 agrees with most
  const length = inputs.length === 1 ? steps : 1;
  const tensors = inputs.map((declared) => makeTensor(model, declared, length));
  return tensors.some((tensor) => tensor === null) ? null : (tensors as ExampleTensor[]);
}

/** @param length of axes that are not fixed, but the first */
function makeTensor(
  model: AnyModel,
  { name, datatype, shape }: TensorSignature,
  length: number,
): ExampleTensor | null {
  const input = model.spec && findExample(model)?.['input'];
  const one = { name, datatype };
  if (datatype === 'BYTES') {
    const text = typeof input === 'string' ? input : findText(model, name);
    const sizes = shape.map((size) => (size < 0 ? 1 : size));
    return { ...one, shape: sizes, data: Array<string>(countElements(sizes)).fill(text) };
  }
  if (shape.length === 3 && isRows(input) && input[0]!.length === shape[2])
    return { ...one, shape: [1, input.length, input[0]!.length], data: input.flat() };
  const sizes = shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? 1 : length));
  const count = countElements(sizes);
  if (count > maxElements) return null;
  const value = datatype === 'BOOL' ? true : datatype.startsWith('FP') ? 0.5 : 1;
  return { ...one, shape: sizes, data: Array<number | boolean>(count).fill(value) };
}

/** A text that an input of the file looks up, or that the model reads. */
function findText(model: AnyModel, name: string): string {
  const lookup = model.lookups.find((one) => one.name === name);
  const vocabulary = lookup ? lookup.text : model.spec && model.vocabulary;
  const text = vocabulary && makeText(vocabulary, steps, lookup ? undefined : model.spec?.padding);
  return typeof text === 'string' ? text : 'a';
}

const countElements = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

const isRows = (value: unknown): value is number[][] =>
  Array.isArray(value) && Array.isArray(value[0]) && typeof value[0][0] === 'number';
