import { invalidModel, quote } from '../format-errors.ts';
import type { GraphSettings } from './graph-settings.ts';
import type { OnnxModel, OnnxValue } from './read-onnx.ts';

/** What a graph's inputs and outputs are for. */
export interface GraphRoles {
  readonly input: OnnxValue;
  readonly output: OnnxValue;
  /** Values that a step hands to the next one. */
  readonly states: readonly { readonly input: OnnxValue; readonly output: OnnxValue }[];
  /** Whether the states were told by what fits, rather than named. */
  readonly inferred: boolean;
}

/**
 * The first input that is no number to set is fed, the first output answers; every other input is a state, and comes from the output that is
 * named like it, or else from the first one left that has its shape.
 * @throws UnrollError invalid_model, with what to say in model.json
 */
export function resolveGraphRoles({ inputs, outputs }: OnnxModel, said: GraphSettings): GraphRoles {
  const named = (list: readonly OnnxValue[], name: string, field: string): OnnxValue =>
    list.find((one) => one.name === name) ??
    invalidModel(
      `graph.${field}: the graph has no ${quote(name)}, but ${list.map((one) => quote(one.name)).join(', ')}`,
    );
  for (const name of Object.keys(said.set)) named(inputs, name, 'set');
  for (const name of Object.keys(said.shapes)) named(inputs, name, 'shapes');
  const open = inputs.filter(({ name }) => !Object.hasOwn(said.set, name));
  const pairs = said.states && Object.entries(said.states);
  const isState = (name: string): boolean => pairs?.some(([from]) => from === name) ?? false;

  const input =
    said.input === undefined
      ? (open.find(({ name, shape }) => shape.length > 0 && !isState(name)) ??
        invalidModel('the graph has no input to feed'))
      : named(open, said.input, 'input');
  const output =
    said.output === undefined
      ? (outputs.find(({ name }) => !pairs?.some(([, to]) => to === name)) ??
        invalidModel('the graph has no output to answer'))
      : named(outputs, said.output, 'output');
  if (pairs) {
    const states = pairs.map(([from, to]) => ({
      input: named(open, from, 'states'),
      output: named(outputs, to, 'states'),
    }));
    const left = open.filter(({ name }) => name !== input.name && !isState(name));
    if (left.length > 0) invalidModel(unsettled(left));
    return { input, output, states, inferred: false };
  }

  const free = outputs.filter(({ name }) => name !== output.name);
  const states: { input: OnnxValue; output: OnnxValue }[] = [];
  const left: OnnxValue[] = [];
  for (const one of open) {
    if (one.name === input.name) continue;
    const fitting = free.filter((other) => fits(one, other));
    const from = fitting.find((other) => stem(other.name) === stem(one.name)) ?? fitting[0];
    if (!from) left.push(one);
    else {
      states.push({ input: one, output: from });
      free.splice(free.indexOf(from), 1);
    }
  }
  if (left.length > 0) invalidModel(unsettled(left));
  return { input, output, states, inferred: states.length > 0 };
}

const unsettled = (left: readonly OnnxValue[]): string =>
  `the graph reads ${left.map(({ name, shape }) => `${quote(name)} [${shape.map((size) => size ?? '?').join(', ')}]`).join(', ')}, which no output becomes: ` +
  'in model.json, graph.set gives an input a number, graph.states says which output an input becomes';

/** Sizes that neither side leaves open are the same; an output may leave all open. */
function fits(state: OnnxValue, output: OnnxValue): boolean {
  if (state.shape.length === 0) return false;
  if (output.shape.length === 0) return true;
  return (
    state.shape.length === output.shape.length &&
    state.shape.every((size, i) => size === null || output.shape[i] === null || size === output.shape[i])
  );
}

/** A name without what tells before from after: h, hn, h0, h_in, h_out, new_h … */
const stem = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/(^|[_./])(in|out|input|output|prev|previous|new|next|old|init|initial)(?=$|[_./\d])/g, '$1')
    .replaceAll(/[_./]/g, '')
    .replace(/(n|0|in|out|next|new)$/, '');
