import { createRng } from '../../../src/random.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from '../model.ts';
import type { Feed } from '../operators/draw-graph.ts';
import { gates } from '../recurrent-cases.ts';

/** Sizes of the open axes, by their names in the file. */
export type Sizes = Readonly<Record<string, number>>;
/** An input's number at an index. */
type Numbers = (at: {
  readonly random: () => number;
  readonly index: number;
  readonly sizes: Sizes;
}) => number;

/** A model whose inputs have roles, with the numbers to ask it with. */
export interface RoleCase {
  readonly name: string;
  readonly graph: OnnxGraph;
  /** The inputs for one sequence, as its roles have them: states of zeros, whole lengths, masks that let through. */
  readonly sequence: (sizes: Sizes, seed: number) => Record<string, Feed>;
  /** The inputs with any numbers that the file takes. */
  readonly any: (sizes: Sizes, seed: number) => Record<string, Feed>;
  readonly view: ViewQuestion;
}

/** What is asked of the sequence view. */
export interface ViewQuestion {
  /** The input that is the sequence, and its axis of steps, null where a call is a step. */
  readonly input: string;
  readonly steps: number | null;
  /** The output that answers, and its axis of rows, null where a call has one. */
  readonly output: string;
  readonly rows: number | null;
  /** Outputs that are the next call's inputs. */
  readonly carry?: Readonly<Record<string, string>>;
  /** What the graph block of model.json says. */
  readonly settings?: object;
  /** What a refusal says, where no sequence view can be derived for certain; else the view must be right. */
  readonly refused?: string;
  /** Sizes of open axes for the sequence. */
  readonly sizes?: Sizes;
}

interface DraftInput {
  readonly name: string;
  readonly type: OnnxValue['type'];
  readonly shape: readonly (number | string)[];
  readonly any: Numbers;
  /** In its role; any number without. */
  readonly sequence?: Numbers;
}

/** Any number in ± 1. */
export const uniform: Numbers = ({ random }) => 2 * random() - 1;
export const below =
  (count: number): Numbers =>
  ({ random }) =>
    Math.floor(random() * count);
export const zeros: Numbers = () => 0;
export const ones: Numbers = () => 1;
/** The whole length for a sequence, and any other one. */
export const wholeLength: Numbers = ({ sizes }) => sizes['T']!;
export const anyLength: Numbers = ({ random, sizes }) => 1 + Math.floor(random() * sizes['T']!);

/** Builds a model node by node. */
export function draft(seed: number) {
  const random = createRng(seed, 23);
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: DraftInput[] = [];
  let count = 0;
  const constantTensor = (
    values: OnnxTensor['values'],
    shape: readonly number[] = [values.length],
  ): string => {
    initializers.push({ name: `w${++count}`, shape, values });
    return `w${count}`;
  };
  const floats = (...shape: number[]): string =>
    constantTensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (2 * random.next() - 1) * 0.6),
      shape,
    );
  const ints = (...values: number[]): string => constantTensor(BigInt64Array.from(values, BigInt));
  const scalar = (value: number): string => constantTensor(BigInt64Array.of(BigInt(value)), []);
  const number = (value: number): string => constantTensor(Float32Array.of(value), []);
  const ops = (
    operator: string,
    from: string[],
    outputs: number,
    attributes: OnnxNode['attributes'] = {},
  ) => {
    const names = Array.from({ length: outputs }, () => `v${++count}`);
    nodes.push({ operator, inputs: from, outputs: names, attributes });
    return names;
  };
  const op = (operator: string, from: string[], attributes: OnnxNode['attributes'] = {}): string =>
    ops(operator, from, 1, attributes)[0]!;
  const g = {
    floats,
    ints,
    scalar,
    number,
    constant: constantTensor,
    op,
    ops,
    input(
      name: string,
      shape: readonly (number | string)[],
      any: Numbers = uniform,
      { type = 'float32', sequence }: { type?: OnnxValue['type']; sequence?: Numbers } = {},
    ): string {
      inputs.push({ name, type, shape, any, ...(sequence && { sequence }) });
      return name;
    },
    dense: (x: string, width: number, units: number): string =>
      op('Add', [op('MatMul', [x, floats(width, units)]), floats(units)]),
    turn: (x: string, ...perm: number[]): string => op('Transpose', [x], { perm }),
    squeeze: (x: string, ...axes: number[]): string => op('Squeeze', [x, ints(...axes)]),
    unsqueeze: (x: string, ...axes: number[]): string => op('Unsqueeze', [x, ints(...axes)]),
    cast: (x: string, to: number): string => op('Cast', [x], { to }),
    slice: (x: string, axis: number, from: number, to: number): string =>
      op('Slice', [x, ints(from), ints(to), ints(axis)]),
    /** @returns Y [T, 1, B, units], Y_h, and Y_c of an LSTM [1, B, units] */
    recur(
      operator: 'LSTM' | 'GRU' | 'RNN',
      x: string,
      width: number,
      units: number,
      { lengths = '', h = '', c = '', both = false } = {},
    ): string[] {
      const directions = both ? 2 : 1;
      const rows = gates[operator] * units;
      const from = [
        x,
        floats(directions, rows, width),
        floats(directions, rows, units),
        floats(directions, 2 * rows),
        lengths,
        h,
        ...(operator === 'LSTM' ? [c] : []),
      ];
      while (from.at(-1) === '') from.pop();
      return ops(operator, from, operator === 'LSTM' ? 3 : 2, {
        hidden_size: units,
        ...(both && { direction: 'bidirectional' }),
      });
    },
    /** A batch of sequences [B, T, width] through a recurrence: [B, T, units]. */
    recurBatchFirst(
      operator: 'LSTM' | 'GRU' | 'RNN',
      x: string,
      width: number,
      units: number,
      more: { lengths?: string; h?: string; c?: string } = {},
    ): string {
      const [y] = g.recur(operator, g.turn(x, 1, 0, 2), width, units, more);
      return g.turn(g.squeeze(y!, 1), 1, 0, 2);
    },
    finish(
      name: string,
      outputs: Readonly<
        Record<
          string,
          readonly [value: string, shape: readonly (number | string)[], type?: OnnxValue['type']]
        >
      >,
      view: ViewQuestion,
    ): RoleCase {
      for (const [output, [value]] of Object.entries(outputs))
        nodes.push({ operator: 'Identity', inputs: [value], outputs: [output] });
      const feedsOf = (kind: 'any' | 'sequence') => (sizes: Sizes, feedSeed: number) => {
        const draw = createRng(feedSeed, 29);
        return Object.fromEntries(
          inputs.map((one): [string, Feed] => {
            const shape = one.shape.map((size) => (typeof size === 'number' ? size : sizes[size]!));
            const numbers = (kind === 'sequence' && one.sequence) || one.any;
            const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) =>
              Math.fround(numbers({ random: () => draw.next(), index, sizes })),
            );
            return [one.name, { type: one.type, shape, values }];
          }),
        );
      };
      return {
        name,
        view,
        graph: {
          name: 'roles',
          nodes,
          initializers,
          inputs: inputs.map(({ name: input, type, shape }) => ({ name: input, type, shape })),
          outputs: Object.entries(outputs).map(([output, [, shape, type = 'float32']]) => ({
            name: output,
            type,
            shape,
          })),
        },
        sequence: feedsOf('sequence'),
        any: feedsOf('any'),
      };
    },
  };
  return g;
}

/** A view of a model that is one step. */
export const stepView = { steps: null, rows: null } as const;
/** What an input is that starts as zeros. */
export const state = { sequence: zeros };

/** An LSTM step on x [B, 5], with states [1, B, 4]. @returns the row [B, 4], and the states' next values */
export function lstmStep(
  g: ReturnType<typeof draft>,
  x: string,
  h: string,
  c: string,
  width = 5,
): [row: string, h: string, c: string] {
  const [y, hn, cn] = g.recur('LSTM', g.unsqueeze(x, 0), width, 4, { h, c });
  return [g.squeeze(y!, 0, 1), hn!, cn!];
}
