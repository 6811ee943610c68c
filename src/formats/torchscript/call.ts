import { invalidModel, quote } from '../format-errors.ts';
import type { Dimension } from './dimensions.ts';
import type { Graph } from './graph.ts';
import { asScalar, asTensor, getItems } from './tensor-values.ts';
import { describe, type Scalar, type Tensor, type Value } from './values.ts';

/** A call of an operator: its arguments by the names of PyTorch's schema. */
export interface Call {
  readonly graph: Graph;
  /** The batch axes of the recurrent operators so far. */
  readonly batches: Dimension[];
  /** Whether an argument is given and not None. */
  has(name: string): boolean;
  value(name: string): Value;
  tensor(name: string): Tensor;
  optionalTensor(name: string): Tensor | null;
  scalar(name: string): Scalar;
  /** An int or bool that must be known. */
  int(name: string, fallback?: number): number;
  /** A number that must be known. */
  number(name: string, fallback?: number): number;
  flag(name: string, fallback?: boolean): boolean;
  text(name: string, fallback?: string): string;
  /** A list of ints, or one. */
  scalars(name: string): readonly Scalar[];
  ints(name: string, fallback?: readonly number[]): readonly number[];
  tensors(name: string): readonly Tensor[];
}

/** An operator of the code: the names of its arguments in their order, and what it makes. */
export type OperatorTable = Readonly<
  Record<string, readonly [parameters: string, run: (call: Call) => Value]>
>;

/** @throws UnrollError invalid_model where the arguments do not fit the names */
export function createCall(
  { graph, batches }: Pick<Call, 'graph' | 'batches'>,
  parameters: string,
  args: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
): Call {
  const names = parameters.split(' ').filter((name) => name !== '');
  if (args.length > names.length)
    invalidModel(`${args.length} arguments, at most ${names.length} are supported`);
  const given = new Map<string, Value>(args.map((value, i) => [names[i]!, value]));
  for (const [name, value] of keywords) {
    if (!names.includes(name)) invalidModel(`the argument ${quote(name)} is not supported`);
    given.set(name, value);
  }
  const has = (name: string): boolean => given.has(name) && given.get(name)!.kind !== 'none';
  const value = (name: string): Value =>
    given.get(name) ?? invalidModel(`the argument ${quote(name)} is missing`);
  const scalar = (name: string): Scalar => asScalar(value(name), name);
  const known = (one: Scalar, name: string): number =>
    one.known ?? invalidModel(`${name} depends on the input, which is not supported here`);
  const number = (name: string, fallback?: number): number =>
    !has(name) && fallback !== undefined ? fallback : known(scalar(name), name);
  const scalars = (name: string): readonly Scalar[] => {
    const one = value(name);
    return one.kind === 'scalar' ? [one] : getItems(one, name).map((item) => asScalar(item, name));
  };
  return {
    graph,
    batches,
    has,
    value,
    tensor: (name) => asTensor(value(name), name),
    optionalTensor: (name) => (has(name) ? asTensor(value(name), name) : null),
    scalar,
    int: number,
    number,
    flag: (name, fallback) => number(name, fallback === undefined ? undefined : Number(fallback)) !== 0,
    text(name, fallback) {
      if (!has(name) && fallback !== undefined) return fallback;
      const one = value(name);
      return one.kind === 'string'
        ? one.value
        : invalidModel(`${name} is a ${describe(one)}, must be a string`);
    },
    scalars,
    ints: (name, fallback) =>
      !has(name) && fallback ? fallback : scalars(name).map((one) => known(one, name)),
    tensors: (name) => getItems(value(name), name).map((item) => asTensor(item, name)),
  };
}
