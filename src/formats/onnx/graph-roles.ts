import { invalidModel, quote } from '../format-errors.ts';
import type { GraphSettings } from './graph-settings.ts';
import type { OnnxModel, OnnxValue } from './read-onnx.ts';

/** The roles of a graph's inputs and outputs. */
export interface GraphRoles {
  readonly input: OnnxValue;
  readonly output: OnnxValue;
  /** Values carried from one step to the next. */
  readonly states: readonly { readonly input: OnnxValue; readonly output: OnnxValue }[];
  /** Whether the states were inferred from names and shapes rather than given in model.json. */
  readonly inferred: boolean;
}

/**
 * Resolves the roles. By default the first input that is not set to a number is the input and the first
 * output the output. Every other input is a state; its next value is the output with a similar name, or else
 * the first remaining output of its shape.
 * @throws UnrollError invalid_model with what model.json must set
 */
export function resolveGraphRoles({ inputs, outputs }: OnnxModel, settings: GraphSettings): GraphRoles {
  const findNamed = (list: readonly OnnxValue[], name: string, field: string): OnnxValue =>
    list.find((one) => one.name === name) ??
    invalidModel(
      `graph.${field}: ${quote(name)}, must be one of ${list.map((one) => quote(one.name)).join(', ')}`,
    );
  for (const name of Object.keys(settings.set)) findNamed(inputs, name, 'set');
  for (const name of Object.keys(settings.shapes)) findNamed(inputs, name, 'shapes');
  const open = inputs.filter(({ name }) => !Object.hasOwn(settings.set, name));
  const pairs = settings.states && Object.entries(settings.states);
  const isState = (name: string): boolean => pairs?.some(([from]) => from === name) ?? false;

  const input =
    settings.input === undefined
      ? (open.find(({ name, shape }) => shape.length > 0 && !isState(name)) ??
        invalidModel('the graph has no input'))
      : findNamed(open, settings.input, 'input');
  const output =
    settings.output === undefined
      ? (outputs.find(({ name }) => !pairs?.some(([, to]) => to === name)) ??
        invalidModel('the graph has no output'))
      : findNamed(outputs, settings.output, 'output');
  if (pairs) {
    const states = pairs.map(([from, to]) => ({
      input: findNamed(open, from, 'states'),
      output: findNamed(outputs, to, 'states'),
    }));
    const left = open.filter(({ name }) => name !== input.name && !isState(name));
    if (left.length > 0) invalidModel(describeUnresolved(left));
    return { input, output, states, inferred: false };
  }

  const free = outputs.filter(({ name }) => name !== output.name);
  const states: { input: OnnxValue; output: OnnxValue }[] = [];
  const left: OnnxValue[] = [];
  for (const one of open) {
    if (one.name === input.name) continue;
    const fitting = free.filter((other) => canFollow(one, other));
    const from = fitting.find((other) => stem(other.name) === stem(one.name)) ?? fitting[0];
    if (!from) left.push(one);
    else {
      states.push({ input: one, output: from });
      free.splice(free.indexOf(from), 1);
    }
  }
  if (left.length > 0) invalidModel(describeUnresolved(left));
  return { input, output, states, inferred: states.length > 0 };
}

const describeUnresolved = (left: readonly OnnxValue[]): string =>
  `the graph reads ${left.map(({ name, shape }) => `${quote(name)} [${shape.map((size) => size ?? '?').join(', ')}]`).join(', ')}, for which there is no output: ` +
  'in model.json, graph.set sets an input to a number, graph.states gives the output of a state';

/**
 * Whether an output can be a state's next value: sizes that both fix must be equal; an output may have no
 * shape.
 */
function canFollow(state: OnnxValue, output: OnnxValue): boolean {
  if (state.shape.length === 0) return false;
  if (output.shape.length === 0) return true;
  return (
    state.shape.length === output.shape.length &&
    state.shape.every((size, i) => size === null || output.shape[i] === null || size === output.shape[i])
  );
}

/**
 * Removes what distinguishes a state before and after a step from its name: h, hn, h0, h_in, h_out, new_h …
 */
const stem = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/(^|[_./])(in|out|input|output|prev|previous|new|next|old|init|initial)(?=$|[_./\d])/g, '$1')
    .replaceAll(/[_./]/g, '')
    .replace(/(n|0|in|out|next|new)$/, '');
