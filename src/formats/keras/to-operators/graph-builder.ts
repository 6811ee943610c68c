import type { TensorDatatype } from '../../../operators/signature.ts';
import type { OperatorSpec } from '../../../operators/spec.ts';
import type { OperatorGraphSpec } from '../../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../../network/weights.ts';
import { invalidModel } from '../../format-errors.ts';
import type { KerasModel } from '../keras-model.ts';

type Size = number | null;
type Attributes = NonNullable<OperatorSpec['attributes']>;
type WholeConstant = OperatorGraphSpec['wholeConstants'][string];

/** A tensor between two layers. */
export interface GraphTensor {
  readonly value: string;
  /** Sizes without the batch; null for the number of steps. */
  readonly shape: readonly Size[];
  /** Which of its rows or steps are no padding: the value of a boolean tensor. */
  readonly mask?: Mask | null;
  /** The input of the model that it is, which may be ids. */
  readonly input?: ModelInput;
  /** The number of ids that it may be, where a vocabulary of the file gives them. */
  readonly tokens?: number;
  /** Whether it is a result of `mask-operations.ts`. */
  readonly isBoolean?: true;
  /** The keyword argument that passes it to the layer that reads it. */
  readonly argument?: string | undefined;
}
export interface ModelInput {
  readonly name: string;
  /** BYTES are texts, of which a lookup makes ids. */
  readonly datatype: TensorDatatype | 'BYTES';
}
export interface Mask {
  readonly value: string;
  /** Its axes without the batch, which are the first ones of the tensor. */
  readonly rank: number;
}

/** The operators emitted so far, with their constants. */
export interface GraphBuilder {
  /** The version of the Keras that wrote the file. */
  readonly version: string;
  readonly tfjs: boolean;
  readonly operators: readonly OperatorSpec[];
  readonly floats: ReadonlyMap<string, Tensor>;
  readonly whole: ReadonlyMap<string, WholeConstant>;
  readonly notes: readonly string[];
  /** Whether an operator reads a mask. */
  usesMasks(): boolean;
  /** Records that an operator reads a mask. */
  useMask(): void;
  /** Sets the layer to which the next operators belong. */
  enterLayer(layer: string): void;
  /** Adds a note on that layer, or on the whole model. */
  addNote(text: string, on?: ''): void;
  /** Adds an operator. @returns the name of its output */
  add(operator: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Adds an operator with several outputs. @returns their names */
  addMany(operator: string, inputs: readonly string[], outputs: number, attributes?: Attributes): string[];
  /** The rows of the smallest table in which each input that is ids is looked up. */
  readonly vocabularies: ReadonlyMap<string, number>;
  /**
   * Adds a Scan over steps.
   * @param build emits a step from the states and the step's rows
   * @returns the names of the last states and of what is collected
   */
  scan(
    initial: readonly string[],
    scanned: readonly string[],
    attributes: Attributes,
    build: (
      states: readonly string[],
      rows: readonly string[],
    ) => { states: readonly string[]; collected: readonly string[] },
  ): string[];
  /** Records that an input is ids. */
  lookUp(input: string, vocabulary: number): void;
  /** Adds a float constant. @returns its name */
  constant(tensor: Tensor): string;
  /** Adds a float scalar. @returns its name */
  number(value: number): string;
  /** Adds a vector of integers. @returns its name */
  numbers(values: readonly number[]): string;
  /** Adds an integer scalar. @returns its name */
  wholeNumber(value: number): string;
}

export function createGraphBuilder({
  version,
  tfjs = false,
}: Pick<KerasModel, 'version' | 'tfjs'>): GraphBuilder {
  const all: OperatorSpec[] = [];
  // of the graph, or of the body that is being built
  let operators = all;
  const floats = new Map<string, Tensor>();
  const whole = new Map<string, WholeConstant>();
  const notes: string[] = [];
  const vocabularies = new Map<string, number>();
  let layer = '';
  let count = 0;
  let masked = false;
  // numbered, so that names are unique
  const toUniqueName = (suffix: string): string =>
    `${layer.replaceAll(/[^\w-]+/g, '_').slice(0, 48)}.${suffix}.${count++}`;
  // an operator that is added twice is computed once: Keras 3 has its masks among the layers, too
  let added = new Map<string, string>();
  const add: GraphBuilder['add'] = (operator, inputs, attributes) => {
    const key = JSON.stringify([operator, inputs, attributes]);
    const name = added.get(key) ?? putMany(operator, inputs, 1, attributes)[0]!;
    added.set(key, name);
    return name;
  };
  const putMany: GraphBuilder['addMany'] = (operator, inputs, outputs, attributes) => {
    const names = Array.from({ length: outputs }, () => toUniqueName(operator.toLowerCase()));
    operators.push({ operator, inputs, outputs: names, ...(attributes && { attributes }) });
    return names;
  };
  // a layer that is called twice has its weights once
  const known = new Map<Tensor, string>();
  const constant: GraphBuilder['constant'] = (tensor) => {
    const name = known.get(tensor) ?? toUniqueName('weight');
    known.set(tensor, name);
    floats.set(name, tensor);
    return name;
  };
  const scalars = new Map<string, string>();
  const once = (key: string, create: () => string): string => {
    const name = scalars.get(key) ?? create();
    scalars.set(key, name);
    return name;
  };
  const integers = (shape: readonly number[], values: readonly number[]): string =>
    once(`${shape.join()}:${values.join()}`, () => {
      const name = toUniqueName('numbers');
      whole.set(name, { kind: 'int', shape: [...shape], values: [...values] });
      return name;
    });
  return {
    version,
    tfjs,
    operators: all,
    floats,
    whole,
    notes,
    vocabularies,
    usesMasks: () => masked,
    useMask: () => (masked = true),
    lookUp: (input, vocabulary) =>
      void vocabularies.set(input, Math.min(vocabulary, vocabularies.get(input) ?? Infinity)),
    enterLayer: (name) => (layer = name),
    addNote: (text, on) => notes.push(on === '' ? text : `"${layer}": ${text}`),
    add,
    addMany: putMany,
    scan(initial, scanned, attributes, build) {
      const outer = { operators, added };
      operators = [];
      // a body may read what is around it, but not the other way round
      added = new Map(added);
      const inputs = [...initial, ...scanned].map(() => toUniqueName('step'));
      const { states, collected } = build(inputs.slice(0, initial.length), inputs.slice(initial.length));
      const outputs = [...states, ...collected];
      const body = { inputs, operators, outputs };
      ({ operators, added } = outer);
      const names = outputs.map(() => toUniqueName('scan'));
      operators.push({
        operator: 'Scan',
        inputs: [...initial, ...scanned],
        outputs: names,
        attributes: { ...attributes, num_scan_inputs: scanned.length },
        bodies: { body },
      });
      return names;
    },
    constant,
    number: (value) => once(`float ${value}`, () => constant({ shape: [], values: Float32Array.of(value) })),
    numbers: (values) => integers([values.length], values),
    wholeNumber: (value) => integers([], [value]),
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

/**
 * Returns the value of the mask of a sequence's steps; null without a mask.
 * @throws UnrollError invalid_model for a mask over more axes
 */
export function useStepMask({ mask }: GraphTensor, graph: GraphBuilder): string | null {
  if (mask) graph.useMask();
  if (mask && mask.rank !== 1) invalidModel('its mask has more axes than the steps');
  return mask?.value ?? null;
}

/** Reshapes; the batch stays as it is. At most one size may be unknown. */
export const emitReshape = (
  x: GraphTensor,
  shape: GraphTensor['shape'],
  graph: GraphBuilder,
): GraphTensor => ({
  value: graph.add('Reshape', [x.value, graph.numbers([0, ...shape.map((size) => size ?? -1)])]),
  shape,
});

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
