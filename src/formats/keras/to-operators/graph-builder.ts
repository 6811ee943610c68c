import type { OperatorSpec } from '../../../operators/spec.ts';
import type { ProgramSpec } from '../../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../../network/weights.ts';
import { invalidModel } from '../../format-errors.ts';

type Size = number | null;
type Attributes = NonNullable<OperatorSpec['attributes']>;
type WholeConstant = ProgramSpec['wholeConstants'][string];

/** What stands between two layers. */
export interface GraphTensor {
  readonly value: string;
  /** Without the batch, which is 1. null: as a sequence's length tells. */
  readonly shape: readonly Size[];
  /** The model's input as it is, which may be ids. */
  readonly isInput?: true;
}

/** Operators as they are put one after the other, and their constants. */
export interface GraphBuilder {
  /** Of the Keras that wrote the file. */
  readonly version: string;
  readonly operators: readonly OperatorSpec[];
  readonly floats: ReadonlyMap<string, Tensor>;
  readonly whole: ReadonlyMap<string, WholeConstant>;
  readonly notes: readonly string[];
  /** Says whose operators come next. */
  enterLayer(layer: string): void;
  /** Something that was decided for that layer. */
  addNote(text: string): void;
  /** @returns the name of what it gives */
  add(operator: string, inputs: readonly string[], attributes?: Attributes): string;
  /** @returns the names of what it gives */
  addMany(operator: string, inputs: readonly string[], outputs: number, attributes?: Attributes): string[];
  /** @returns the name of a constant */
  constant(tensor: Tensor): string;
  number(value: number): string;
  /** A vector of whole numbers. */
  numbers(values: readonly number[]): string;
}

export function createGraphBuilder(version: string): GraphBuilder {
  const operators: OperatorSpec[] = [];
  const floats = new Map<string, Tensor>();
  const whole = new Map<string, WholeConstant>();
  const notes: string[] = [];
  let layer = '';
  let count = 0;
  // numbered throughout, so that no two are the same
  const named = (what: string): string =>
    `${layer.replaceAll(/[^\w-]+/g, '_').slice(0, 48)}.${what}.${count++}`;
  const putMany: GraphBuilder['addMany'] = (operator, inputs, outputs, attributes) => {
    const names = Array.from({ length: outputs }, () => named(operator.toLowerCase()));
    operators.push({ operator, inputs, outputs: names, ...(attributes && { attributes }) });
    return names;
  };
  const constant: GraphBuilder['constant'] = (tensor) => {
    const name = named('weight');
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
      const name = named('numbers');
      whole.set(name, { kind: 'int', shape: [values.length], values: [...values] });
      return name;
    },
  };
}

export const formatShape = (shape: readonly Size[]): string =>
  `[${shape.map((size) => size ?? 'steps').join(', ')}]`;

/** The same sizes with another width. */
export const replaceWidth = (shape: GraphTensor['shape'], width: number): GraphTensor['shape'] => [
  ...shape.slice(0, -1),
  width,
];

/** What operators make of a wire without changing its shape. */
export const withValue = ({ shape }: GraphTensor, value: string): GraphTensor => ({ value, shape });

/** @throws UnrollError invalid_model for what is no sequence of rows of a width that is known */
export function requireSequence({ shape }: GraphTensor): { steps: Size; width: number } {
  const [steps = null, width = null] = shape;
  if (shape.length !== 2) invalidModel(`reads a sequence, and is given ${formatShape(shape)}`);
  return width === null
    ? invalidModel(`reads ${formatShape(shape)}: how wide it is must be known`)
    : { steps, width };
}

/** An axis that is said with the batch as axis 0, or from the end, as one of a wire's own. */
export function resolveAxis({ shape }: GraphTensor, said: unknown): number {
  const axis: unknown = Array.isArray(said) && said.length === 1 ? said[0] : said;
  const own = Number.isSafeInteger(axis) ? (axis as number) : NaN;
  const from1 = own < 0 ? own + shape.length + 1 : own;
  return from1 >= 1 && from1 <= shape.length
    ? from1 - 1
    : invalidModel(`axis ${JSON.stringify(said)} of ${formatShape(shape)} a sample`);
}
