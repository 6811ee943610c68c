import type { OperatorSpec } from '../../../operators/spec.ts';
import type { ProgramSpec } from '../../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../../network/weights.ts';
import { refuse } from '../converted.ts';

type Size = number | null;
type Attributes = NonNullable<OperatorSpec['attributes']>;
type WholeConstant = ProgramSpec['wholeConstants'][string];

/** What stands between two layers. */
export interface Wire {
  readonly value: string;
  /** Without the batch, which is 1. null: as a sequence's length tells. */
  readonly shape: readonly Size[];
  /** The model's input as it is, which may be ids. */
  readonly isInput?: true;
}

/** Operators as they are put one after the other, and their constants. */
export interface Graph {
  /** Of the Keras that wrote the file. */
  readonly version: string;
  readonly operators: readonly OperatorSpec[];
  readonly floats: ReadonlyMap<string, Tensor>;
  readonly whole: ReadonlyMap<string, WholeConstant>;
  readonly notes: readonly string[];
  /** Says whose operators come next. */
  enter(layer: string): void;
  /** Something that was decided for that layer. */
  note(text: string): void;
  /** @returns the name of what it gives */
  put(operator: string, inputs: readonly string[], attributes?: Attributes): string;
  /** @returns the names of what it gives */
  putMany(operator: string, inputs: readonly string[], outputs: number, attributes?: Attributes): string[];
  /** @returns the name of a constant */
  constant(tensor: Tensor): string;
  number(value: number): string;
  /** A vector of whole numbers. */
  numbers(values: readonly number[]): string;
}

export function createGraph(version: string): Graph {
  const operators: OperatorSpec[] = [];
  const floats = new Map<string, Tensor>();
  const whole = new Map<string, WholeConstant>();
  const notes: string[] = [];
  let layer = '';
  let count = 0;
  // numbered throughout, so that no two are the same
  const named = (what: string): string =>
    `${layer.replaceAll(/[^\w-]+/g, '_').slice(0, 48)}.${what}.${count++}`;
  const putMany: Graph['putMany'] = (operator, inputs, outputs, attributes) => {
    const names = Array.from({ length: outputs }, () => named(operator.toLowerCase()));
    operators.push({ operator, inputs, outputs: names, ...(attributes && { attributes }) });
    return names;
  };
  const constant: Graph['constant'] = (tensor) => {
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
    enter: (name) => (layer = name),
    note: (text) => notes.push(`"${layer}": ${text}`),
    put: (operator, inputs, attributes) => putMany(operator, inputs, 1, attributes)[0]!,
    putMany,
    constant,
    number: (value) => constant({ shape: [], values: Float32Array.of(value) }),
    numbers: (values) => {
      const name = named('numbers');
      whole.set(name, { kind: 'int', shape: [values.length], values: [...values] });
      return name;
    },
  };
}

export const shapeText = (shape: readonly Size[]): string =>
  `[${shape.map((size) => size ?? 'steps').join(', ')}]`;

/** The same sizes with another width. */
export const lastReplaced = (shape: Wire['shape'], width: number): Wire['shape'] => [
  ...shape.slice(0, -1),
  width,
];

/** What operators make of a wire without changing its shape. */
export const same = ({ shape }: Wire, value: string): Wire => ({ value, shape });

/** @throws UnrollError invalid_model for what is no sequence of rows of a width that is known */
export function sequenceOf({ shape }: Wire): { steps: Size; width: number } {
  const [steps = null, width = null] = shape;
  if (shape.length !== 2) refuse(`reads a sequence, and is given ${shapeText(shape)}`);
  return width === null
    ? refuse(`reads ${shapeText(shape)}: how wide it is must be known`)
    : { steps, width };
}

/** An axis that is said with the batch as axis 0, or from the end, as one of a wire's own. */
export function axisIn({ shape }: Wire, said: unknown): number {
  const axis: unknown = Array.isArray(said) && said.length === 1 ? said[0] : said;
  const own = Number.isSafeInteger(axis) ? (axis as number) : NaN;
  const from1 = own < 0 ? own + shape.length + 1 : own;
  return from1 >= 1 && from1 <= shape.length
    ? from1 - 1
    : refuse(`axis ${JSON.stringify(said)} of ${shapeText(shape)} a sample`);
}
