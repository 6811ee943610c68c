import type { ValueKind } from './value-kind.ts';
import type { Operand } from '../../operators/operand.ts';
import type { PrepareContext } from '../../operators/operator.ts';
import { prepareOperator } from '../../operators/prepare-operator.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { invalidModel } from '../format-errors.ts';

type Attributes = NonNullable<OperatorSpec['attributes']>;

/** The operators that the code makes. What constants alone decide is computed at once. */
export interface Graph {
  readonly operators: readonly OperatorSpec[];
  readonly constants: ReadonlyMap<string, Operand>;
  /** Loops around the operators that are added now. */
  readonly depth: number;
  /** Times that tensors of different numbers of dimensions were combined, neither of them constant. */
  mixedRanks: number;
  /** A name that no value has. */
  name(): string;
  /** Adds an operator. @returns the name of its output */
  add(operator: string, inputs: readonly string[], attributes?: Attributes): string;
  addMany(operator: string, inputs: readonly string[], outputs: number, attributes?: Attributes): string[];
  constant(operand: Pick<Operand, 'kind' | 'shape' | 'values'>): string;
  /** A constant vector of integers. */
  ints(values: readonly number[]): string;
  /** A constant of shape []. */
  number(kind: ValueKind, value: number): string;
  /** Runs `make` with a new body to which operators are added. */
  inBody<T>(make: () => T): { readonly operators: readonly OperatorSpec[]; readonly result: T };
  /** Adds a Loop or a Scan. */
  addLoop(
    operator: 'Loop' | 'Scan',
    inputs: readonly string[],
    outputs: number,
    body: BodySpec,
    attributes?: Attributes,
  ): string[];
}

/** Operators, those that are not read in the end included. */
const maxOperators = 40_000;
/** Elements of one constant that is computed. */
const maxConstantElements = 2 ** 22;
const notFolded = new Set(['RNN', 'GRU', 'LSTM', 'Loop', 'Scan', 'If']);

export function createGraph(): Graph {
  const constants = new Map<string, Operand>();
  const computed = new Map<string, string[]>();
  let operators: OperatorSpec[] = [];
  let count = 0;
  let total = 0;
  let depth = 0;
  // the dot keeps them apart from the names of inputs
  const name = (): string => `v.${count++}`;

  const addMany: Graph['addMany'] = (operator, inputs, outputs, attributes) => {
    const key = JSON.stringify([operator, inputs, attributes, outputs]);
    const known = computed.get(key);
    if (known) return known;
    const spec: OperatorSpec = {
      operator,
      inputs,
      outputs: Array.from({ length: outputs }, name),
      ...(attributes && { attributes }),
    };
    const operands = fold(spec, constants);
    if (operands) {
      operands.forEach((operand, i) => constants.set(spec.outputs[i]!, operand));
      computed.set(key, [...spec.outputs]);
    } else push(spec);
    return [...spec.outputs];
  };
  const push = (spec: OperatorSpec): void => {
    if (++total > maxOperators) invalidModel(`the code makes more than ${maxOperators} operators`);
    operators.push(spec);
  };
  const constant: Graph['constant'] = ({ kind, shape, values }) => {
    const key = values.length <= 16 ? JSON.stringify([kind, shape, [...values].map(String)]) : '';
    const known = computed.get(key);
    if (known) return known[0]!;
    const own = name();
    constants.set(own, { kind, shape, values, known: true });
    if (key !== '') computed.set(key, [own]);
    return own;
  };
  return {
    get operators() {
      return operators;
    },
    constants,
    mixedRanks: 0,
    get depth() {
      return depth;
    },
    name,
    add: (operator, inputs, attributes) => addMany(operator, inputs, 1, attributes)[0]!,
    addMany,
    constant,
    ints: (values) => constant({ kind: 'int', shape: [values.length], values: Float64Array.from(values) }),
    number: (kind, value) =>
      constant({
        kind,
        shape: [],
        values: kind === 'float' ? Float32Array.of(value) : Float64Array.of(value),
      }),
    inBody(make) {
      const around = operators;
      operators = [];
      depth++;
      try {
        const result = make();
        return { operators, result };
      } finally {
        operators = around;
        depth--;
      }
    },
    addLoop(operator, inputs, outputs, body, attributes) {
      const names = Array.from({ length: outputs }, name);
      push({ operator, inputs, outputs: names, bodies: { body }, ...(attributes && { attributes }) });
      return names;
    },
  };
}

/** Computes an operator whose inputs are constants; null where they are not, or the result is too large. */
function fold(spec: OperatorSpec, constants: ReadonlyMap<string, Operand>): readonly Operand[] | null {
  const given = spec.inputs.filter((input) => input !== '');
  if (notFolded.has(spec.operator) || !given.every((input) => constants.has(input))) return null;
  const context: PrepareContext = {
    floats: Float32Array,
    usage: { elements: 0, work: 0 },
    product: () => null,
    sweeps: () => invalidModel('a recurrent operator of constants'),
    body: () => invalidModel('a loop of constants'),
  };
  const { outputs, run } = prepareOperator(spec, (input) => constants.get(input), context);
  if (outputs.some(({ known, values }) => !known || values.length > maxConstantElements)) return null;
  run?.();
  return outputs;
}
