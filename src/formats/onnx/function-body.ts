import type { Attribute, OnnxFunction, OnnxNode } from './read-onnx.ts';

// Functions that are written here rather than in a file: operators in terms of others.

/**
 * What a node's operator stands for; undefined where it is read as it is.
 * @throws UnrollError invalid_model where an attribute is not supported
 */
export type Expansion = (node: OnnxNode, opset: number) => OnnxFunction | undefined;

type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** A node. @param names its inputs and outputs, `a, b -> c`; an input that is left out is empty */
export function node(op: string, names: string, attributes: Attributes = {}): OnnxNode {
  const [inputs = [], outputs = []] = names
    .split('->')
    .map((list) => (list.trim() === '' ? [] : list.split(',').map((name) => name.trim())));
  const given = Object.entries(attributes).map(([name, value]) => [name, toAttribute(value)] as const);
  return { op, name: '', domain: '', overload: '', inputs, outputs, attributes: new Map(given) };
}

const none = { floats: [], ints: [], strings: [] };
const toAttribute = (value: Attributes[string]): Attribute =>
  typeof value === 'number'
    ? { ...none, f: value, i: value }
    : typeof value === 'string'
      ? { ...none, s: value }
      : { ...none, ints: value };

export const isGiven = ({ inputs }: OnnxNode, place: number): boolean => (inputs[place] ?? '') !== '';

/** Names, `a, b, c`, for the inputs that a node has; those it leaves out are empty. */
export const givenInputs = (given: OnnxNode, names: string): string[] =>
  names.split(', ').map((name, place) => (isGiven(given, place) ? name : ''));

/** A float constant of one number. */
export const number = (name: string, value: number): OnnxNode =>
  node('Constant', ` -> ${name}`, { value_float: value });
/** A constant list of floats. */
export const numbers = (name: string, values: readonly number[]): OnnxNode => {
  const list = { floats: values, ints: [], strings: [] };
  return { ...node('Constant', ` -> ${name}`), attributes: new Map([['value_floats', list]]) };
};
/** A constant list of integers. */
export const integers = (name: string, ...values: number[]): OnnxNode =>
  node('Constant', ` -> ${name}`, { value_ints: values });

/** @param names the inputs and outputs, `a, b -> c` */
export function body(names: string, ...nodes: readonly OnnxNode[]): OnnxFunction {
  const { inputs, outputs } = node('', names);
  return { name: '', inputs, outputs, nodes, opset: 22, defaults: new Map() };
}
