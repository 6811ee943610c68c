import type { OperatorSpec } from '../../../operators/spec.ts';
import type { OperatorGraphSpec } from '../../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../../network/weights.ts';
import { invalidModel } from '../../format-errors.ts';

type Size = number | null;
type Attributes = NonNullable<OperatorSpec['attributes']>;
type WholeConstant = OperatorGraphSpec['wholeConstants'][string];

/** A tensor between two layers. */
export interface GraphTensor {
  readonly value: string;
  /** Sizes without the batch, which is 1; null for the number of steps. */
  readonly shape: readonly Size[];
  /** Whether it is the model's input, which may be ids. */
  readonly isInput?: true;
}

/** The operators emitted so far, with their constants. */
export interface GraphBuilder {
  /** The version of the Keras that wrote the file. */
  readonly version: string;
  readonly operators: readonly OperatorSpec[];
  readonly floats: ReadonlyMap<string, Tensor>;
  readonly whole: ReadonlyMap<string, WholeConstant>;
  readonly notes: readonly string[];
  /** Sets the layer to which the next operators belong. */
  enterLayer(layer: string): void;
  /** Adds a note on that layer. */
  addNote(text: string): void;
  /** Adds an operator. @returns the name of its output */
  add(operator: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Adds an operator with several outputs. @returns their names */
  addMany(operator: string, inputs: readonly string[], outputs: number, attributes?: Attributes): string[];
  /** Adds a float constant. @returns its name */
  constant(tensor: Tensor): string;
  /** Adds a float scalar. @returns its name */
  number(value: number): string;
  /** Adds a vector of integers. @returns its name */
  numbers(values: readonly number[]): string;
}

export function createGraphBuilder(version: string): GraphBuilder {
  const operators: OperatorSpec[] = [];
  const floats = new Map<string, Tensor>();
  const whole = new Map<string, WholeConstant>();
  const notes: string[] = [];
  let layer = '';
  let count = 0;
  // numbered, so that names are unique
  const toUniqueName = (suffix: string): string =>
    `${layer.replaceAll(/[^\w-]+/g, '_').slice(0, 48)}.${suffix}.${count++}`;
  const putMany: GraphBuilder['addMany'] = (operator, inputs, outputs, attributes) => {
    const names = Array.from({ length: outputs }, () => toUniqueName(operator.toLowerCase()));
    operators.push({ operator, inputs, outputs: names, ...(attributes && { attributes }) });
    return names;
  };
  const constant: GraphBuilder['constant'] = (tensor) => {
    const name = toUniqueName('weight');
    floats.set(name, tensor);
    return name;
  };
  return {
    version,
    operators,
    floats,
    whole,
    notes,
    enterLayer: (name) => (layer = name),
    addNote: (text) => notes.push(`"${layer}": ${text}`),
    add: (operator, inputs, attributes) => putMany(operator, inputs, 1, attributes)[0]!,
    addMany: putMany,
    constant,
    number: (value) => constant({ shape: [], values: Float32Array.of(value) }),
    numbers: (values) => {
      const name = toUniqueName('numbers');
      whole.set(name, { kind: 'int', shape: [values.length], values: [...values] });
      return name;
    },
  };
}

/** Formats a shape for errors. */
export const formatShape = (shape: readonly Size[]): string =>
  `[${shape.map((size) => size ?? 'steps').join(', ')}]`;

/** Returns a shape with another last size. */
export const replaceWidth = (shape: GraphTensor['shape'], width: number): GraphTensor['shape'] => [
  ...shape.slice(0, -1),
  width,
];

/** Returns a tensor of the same shape with another value. */
export const withValue = ({ shape }: GraphTensor, value: string): GraphTensor => ({ value, shape });

/**
 * Returns the sizes of a sequence.
 * @throws UnrollError invalid_model when it is not a sequence, or its width is unknown
 */
export function requireSequence({ shape }: GraphTensor): { steps: Size; width: number } {
  const [steps = null, width = null] = shape;
  if (shape.length !== 2) invalidModel(`needs a sequence, its input is ${formatShape(shape)}`);
  return width === null
    ? invalidModel(`its input is ${formatShape(shape)}, the width must be known`)
    : { steps, width };
}

/**
 * Converts a Keras axis, which counts the batch as 0 or from the end, to an index into the shape.
 * @throws UnrollError invalid_model
 */
export function resolveAxis({ shape }: GraphTensor, value: unknown): number {
  const axis: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  const signed = Number.isSafeInteger(axis) ? (axis as number) : NaN;
  const positive = signed < 0 ? signed + shape.length + 1 : signed;
  return positive >= 1 && positive <= shape.length
    ? positive - 1
    : invalidModel(`axis ${JSON.stringify(value)} is not an axis of ${formatShape(shape)}`);
}
