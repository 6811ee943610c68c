import type { SequenceView } from '../../operators/analysis/sequence-view.ts';
import type { Operand } from '../../operators/operand.ts';
import { numberAttribute } from '../../operators/operator.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import type { OperatorSpec } from '../../operators/spec.ts';

// Cells that are written out in products, as PyTorch exports nn.LSTMCell, nn.GRUCell and nn.RNNCell, in a graph that is called once a
// step: they become recurrent operators over one step. What is found is a shape of the graph; that it computes the same
// is verified afterwards, as of all layers.

/** y = W x + b. weight [rows, inner], bias [rows] */
interface Product {
  readonly x: string;
  readonly inner: number;
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number> | null;
  readonly rows: number;
}

/** A gate's rows of the products of x and h, as blocks of `units`. */
interface Gate {
  readonly ofX: number;
  readonly ofH: number;
}

interface Cell {
  readonly operator: 'LSTM' | 'GRU' | 'RNN';
  readonly attributes?: OperatorSpec['attributes'];
  readonly ofX: Product;
  readonly ofH: Product;
  /** In the operator's order. */
  readonly gates: readonly Gate[];
  /** Input and next value of each state, h first. */
  readonly states: readonly (readonly [before: string, after: string])[];
}

/** Replaces the operators of written-out cells; the graph itself where there are none. */
export function recogniseCells(graph: SignedGraph, view: SequenceView): SignedGraph {
  const find = createFinder(graph);
  const states = view.states.map(({ input, output }) => [input.value, output.value] as const);
  const cells = states.flatMap(
    (state) => findLstm(find, state, states) ?? findGru(find, state) ?? findRnn(find, state) ?? [],
  );
  if (cells.length === 0) return graph;
  const constants = new Map(graph.constants);
  const replaced = new Map<OperatorSpec, readonly OperatorSpec[]>();
  for (const cell of cells) {
    // what it reads is computed before the first of its states' next values
    const [first, ...others] = graph.operators.filter(({ outputs }) =>
      cell.states.some(([, after]) => outputs.includes(after)),
    );
    replaced.set(first!, toOperators(cell, constants));
    for (const operator of others) replaced.set(operator, []);
  }
  return {
    ...graph,
    constants,
    operators: graph.operators.flatMap((operator) => replaced.get(operator) ?? [operator]),
  };
}

type Finder = ReturnType<typeof createFinder>;

function createFinder({ operators, constants }: SignedGraph) {
  const producers = new Map(operators.flatMap((one) => one.outputs.map((name) => [name, one] as const)));
  const producer = (name: string | undefined): OperatorSpec | undefined => producers.get(name ?? '');
  /** The inputs of the operator that computes a value, where it is of this kind. */
  const inputs = (operator: string, name: string | undefined): readonly string[] | null => {
    const one = producer(name);
    return one?.operator === operator ? one.inputs : null;
  };
  /** Both orders of the two inputs of such an operator. */
  const orders = (operator: string, name: string | undefined): (readonly [string, string])[] => {
    const [a, b] = inputs(operator, name) ?? [];
    return a !== undefined && b !== undefined
      ? [
          [a, b],
          [b, a],
        ]
      : [];
  };
  const product = (name: string | undefined): Product | null => {
    const one = producer(name);
    if (one?.operator !== 'Gemm' || numberAttribute(one, 'transA', 0) !== 0) return null;
    if (['alpha', 'beta'].some((field) => numberAttribute(one, field, 1) !== 1)) return null;
    const [x = '', w = '', c = ''] = one.inputs;
    const [matrix, bias] = [constants.get(w), constants.get(c)];
    if (matrix?.shape.length !== 2 || (c !== '' && !bias)) return null;
    const turned = numberAttribute(one, 'transB', 0) !== 0;
    const [rows, inner] = (turned ? matrix.shape : matrix.shape.toReversed()) as [number, number];
    if (bias && bias.values.length !== rows) return null;
    const weight = turned
      ? matrix.values
      : matrix.values.map((_, i) => matrix.values[(i % inner) * rows + Math.floor(i / inner)]!);
    return { x, inner, weight, bias: bias?.values ?? null, rows };
  };
  /** The part of a Split of rows into so many equal ones that a value is. */
  const part = (
    name: string | undefined,
    count: number,
  ): { readonly of: string; readonly at: number } | null => {
    const one = producer(name);
    const own = one?.operator === 'Split' && one.outputs.length === count ? one : null;
    const axis = own ? numberAttribute(own, 'axis', 0) : 0;
    const sizes = own?.inputs[1] ? constants.get(own.inputs[1])?.values : null;
    if (!own || (axis !== 1 && axis !== -1) || sizes === undefined) return null;
    if (sizes?.some((size) => size !== sizes[0]) === true) return null;
    return { of: own.inputs[0]!, at: own.outputs.indexOf(name!) };
  };
  return { producer, inputs, orders, product, part };
}

/** c' = f · c + i · g, h' = o · tanh(c'); all gates are parts of W x + R h + b. */
function findLstm(
  { inputs, orders, product, part }: Finder,
  [c, nextC]: readonly [string, string],
  states: readonly (readonly [string, string])[],
): Cell | null {
  for (const [kept, added] of orders('Add', nextC))
    for (const [f, state] of orders('Mul', kept))
      for (const [i, g] of orders('Mul', added))
        for (const [h, nextH] of states)
          for (const [o, t] of orders('Mul', nextH)) {
            if (state !== c || h === c || inputs('Tanh', t)?.[0] !== nextC) continue;
            const sums = [
              inputs('Sigmoid', i),
              inputs('Sigmoid', o),
              inputs('Sigmoid', f),
              inputs('Tanh', g),
            ];
            const parts = sums.map((sum) => part(sum?.[0], 4));
            const [first] = parts;
            if (!first || parts.some((one) => one?.of !== first.of)) continue;
            for (const [a, b] of orders('Add', first.of)) {
              const [ofX, ofH] = [product(a), product(b)];
              if (!ofX || ofH?.x !== h || ofX.x === h || ofX.rows !== ofH.rows) continue;
              const gates = parts.map((one) => ({ ofX: one!.at, ofH: one!.at }));
              return {
                operator: 'LSTM',
                ofX,
                ofH,
                gates,
                states: [
                  [h, nextH],
                  [c, nextC],
                ],
              };
            }
          }
  return null;
}

/** h' = n + z · (h − n), n = tanh(x_n + r · h_n); x_z, x_r, x_n and h_z, h_r, h_n are parts of two products. */
function findGru(
  { inputs, orders, product, part }: Finder,
  [h, nextH]: readonly [string, string],
): Cell | null {
  /** A sum of a part of the product of h and one of that of x. */
  const gate = (name: string | undefined): (Gate & { readonly x: string; readonly h: string }) | null => {
    for (const [a, b] of orders('Add', name)) {
      const [x, own] = [part(a, 3), part(b, 3)];
      if (x && own && product(own.of)?.x === h) return { ofX: x.at, ofH: own.at, x: x.of, h: own.of };
    }
    return null;
  };
  for (const [n, moved] of orders('Add', nextH))
    for (const [z, difference] of orders('Mul', moved)) {
      const [from, minus] = inputs('Sub', difference) ?? [];
      if (from !== h || minus !== n) continue;
      for (const [xn, reset] of orders('Add', inputs('Tanh', n)?.[0]))
        for (const [r, hn] of orders('Mul', reset)) {
          const update = gate(inputs('Sigmoid', z)?.[0]);
          const resets = gate(inputs('Sigmoid', r)?.[0]);
          const [newX, newH] = [part(xn, 3), part(hn, 3)];
          if (!update || !resets || !newX || !newH) continue;
          const [ofX, ofH] = [product(update.x), product(update.h)];
          const same =
            resets.x === update.x && resets.h === update.h && newX.of === update.x && newH.of === update.h;
          if (!same || !ofX || ofH?.x !== h || ofX.x === h || ofX.rows !== ofH.rows) continue;
          const gates = [update, resets, { ofX: newX.at, ofH: newH.at }];
          return {
            operator: 'GRU',
            attributes: { linear_before_reset: 1 },
            ofX,
            ofH,
            gates,
            states: [[h, nextH]],
          };
        }
    }
  return null;
}

/** h' = tanh(W x + R h + b), or relu. */
function findRnn({ inputs, orders, product }: Finder, [h, nextH]: readonly [string, string]): Cell | null {
  for (const activation of ['Tanh', 'Relu'])
    for (const [a, b] of orders('Add', inputs(activation, nextH)?.[0])) {
      const [ofX, ofH] = [product(a), product(b)];
      if (!ofX || ofH?.x !== h || ofX.x === h || ofX.rows !== ofH.rows) continue;
      const attributes = { activations: [activation] };
      return { operator: 'RNN', attributes, ofX, ofH, gates: [{ ofX: 0, ofH: 0 }], states: [[h, nextH]] };
    }
  return null;
}

/** The operator over one step, with its states as they are in the graph: x [batch, inner], states [batch, units]. */
function toOperators(
  { operator, attributes, ofX, ofH, gates, states }: Cell,
  constants: Map<string, Operand>,
): OperatorSpec[] {
  const [[, nextH]] = states as [(typeof states)[number]];
  const name = (what: string): string => `${what} of the cell of ${nextH}`;
  const units = ofX.rows / gates.length;
  const blocks = (from: ArrayLike<number>, inner: number, at: (gate: Gate) => number): number[] =>
    gates.flatMap((gate) => {
      const size = units * inner;
      return Array.from({ length: size }, (_, i) => from[at(gate) * size + i]!);
    });
  const add = (what: string, shape: number[], values: readonly number[]): string => {
    constants.set(name(what), { kind: 'float', shape, values: Float32Array.from(values), known: true });
    return name(what);
  };
  const zeros = new Float32Array(ofX.rows);
  const w = add(
    'W',
    [1, ofX.rows, ofX.inner],
    blocks(ofX.weight, ofX.inner, ({ ofX: at }) => at),
  );
  const r = add(
    'R',
    [1, ofX.rows, units],
    blocks(ofH.weight, units, ({ ofH: at }) => at),
  );
  const b = add(
    'B',
    [1, 2 * ofX.rows],
    [
      ...blocks(ofX.bias ?? zeros, 1, ({ ofX: at }) => at),
      ...blocks(ofH.bias ?? zeros, 1, ({ ofH: at }) => at),
    ],
  );
  const reshaped = (kind: 'Squeeze' | 'Unsqueeze', from: string, to: string): OperatorSpec => ({
    operator: kind,
    inputs: [from],
    outputs: [to],
    attributes: { axes: [0] },
  });
  const before = states.map(([state], i) => reshaped('Unsqueeze', state, name(`state ${i}`)));
  return [
    reshaped('Unsqueeze', ofX.x, name('x')),
    ...before,
    {
      operator,
      inputs: [name('x'), w, r, b, '', ...before.map(({ outputs }) => outputs[0]!)],
      outputs: [`cell ${nextH}`, ...states.map((_, i) => name(`end ${i}`))],
      attributes: { hidden_size: units, ...attributes },
    },
    ...states.map(([, after], i) => reshaped('Squeeze', name(`end ${i}`), after)),
  ];
}
