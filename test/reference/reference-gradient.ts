import { findCell } from '../../src/cells/registry.ts';
import type { StepMath } from '../../src/cells/step-math.ts';
import { gatesWithProduct, type DirectionTensors } from '../../src/cells/weights.ts';
import { createTape, type Tape, type Variable } from './tape.ts';
import { resolveNetwork, type ResolvedNetwork } from '../../src/network/encoder-decoder.ts';
import type { Graph, Node } from '../../src/network/graph.ts';
import { findLayerKind } from '../../src/network/layers/registry.ts';
import type { RowMath } from '../../src/network/layers/row-math.ts';
import type { NetworkInput } from '../../src/network/input.ts';
import { getCellOptions } from '../../src/cells/recurrent-options.ts';
import type { RecurrentSpec } from '../../src/network/layers/recurrent/schema.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import type { LossSpec } from '../../src/training/optimise/loss.ts';
import { referenceCrfLoss } from './reference-crf-loss.ts';
import { referenceLoss, type ReferenceTarget } from './reference-loss.ts';

/** Tensors in float64, so that a difference quotient can tell a right gradient from a wrong one. */
export type Tensors64 = ReadonlyMap<string, Float64Array>;

/** One sequence: ids (rows of them where a step has several) or feature rows. */
export type ReferenceSequence = readonly (number | readonly number[])[];

export interface ReferenceExample {
  readonly sequence: ReferenceSequence;
  readonly source?: ReferenceSequence;
  readonly targets: readonly ReferenceTarget[];
}

type Rows = readonly Variable[];

/**
 * Loss and gradient of a network over one sequence, in float64: the oracle of the learner. No dropout.
 * L = Σ weight · loss over the steps.
 */
export function referenceGradient(
  spec: NetworkSpec,
  inputs: { readonly input: NetworkInput; readonly source?: NetworkInput },
  tensors: Tensors64,
  { sequence, source, targets }: ReferenceExample,
  loss: LossSpec,
): { loss: number; gradient: Tensors64; logits: readonly Float64Array[] } {
  const tape = createTape();
  const parameters = new Map([...tensors].map(([name, values]) => [name, tape.variable(values)]));
  const network = resolveNetwork(spec, inputs.input, inputs.source ?? null);
  const of = (name: string): Variable => parameters.get(name)!;
  const { encoder } = network;
  const memory =
    encoder && source
      ? runGraph(tape, encoder.graph, source, of, { memory: [], starts: new Map(), last: null })
      : [];
  const starts = encoder ? bridged(tape, encoder, memory, of) : new Map<string, Variable>();
  const logits = runGraph(tape, network.graph, sequence, of, { memory, starts, last: loss.type });
  const total =
    loss.type === 'crf'
      ? referenceCrfLoss(tape, network.graph, of, logits, targets)
      : referenceLoss(tape, loss, logits, targets);
  tape.differentiate(total);
  return {
    loss: total.values[0]!,
    gradient: new Map([...parameters].map(([name, { gradient }]) => [name, gradient])),
    logits: logits.map(({ values }) => values),
  };
}

/** The decoder's starts by `<node>.h` and `<node>.c`. */
function bridged(
  tape: Tape,
  { summary, bridge, bridgeKind }: NonNullable<ResolvedNetwork['encoder']>,
  memory: Rows,
  of: (name: string) => Variable,
): Map<string, Variable> {
  const s = tape.concat(
    summary.map(({ from, to, at }) => tape.slice(at === 'last' ? memory.at(-1)! : memory[0]!, from, to)),
  );
  return new Map(
    bridge.map(({ node, state, tensors }) => [
      `${node}.${state}`,
      bridgeKind === 'dense' ? tape.tanh(tape.linear(of(tensors.weight), s, of(tensors.bias))) : s,
    ]),
  );
}

interface Surroundings {
  readonly memory: Rows;
  readonly starts: ReadonlyMap<string, Variable>;
  /** The loss that squashes the last layer; null where nothing does. */
  readonly last: LossSpec['type'] | null;
}

function runGraph(
  tape: Tape,
  { nodes }: Graph,
  sequence: ReferenceSequence,
  of: (name: string) => Variable,
  around: Surroundings,
): Rows {
  const outputs: Rows[] = [];
  nodes.forEach((node, index) => {
    const read = node.inputs.map((input) =>
      input >= 0
        ? outputs[input]!
        : node.type === 'embedding'
          ? []
          : sequence.map((row) => tape.constant(row as readonly number[])),
    );
    const last = index === nodes.length - 1 ? around.last : null;
    outputs.push(runNode(tape, node, index, read, sequence, of, { ...around, last }));
  });
  return outputs.at(-1)!;
}

function runNode(
  tape: Tape,
  node: Node,
  index: number,
  inputs: readonly Rows[],
  sequence: ReferenceSequence,
  of: (name: string) => Variable,
  { memory, starts, last }: Surroundings,
): Rows {
  const x = inputs[0]!;
  switch (node.type) {
    case 'embedding': {
      const { units, columns: { first, count } = { first: 0, count: 1 } } = node.layer;
      const table = of(node.tensors.weight);
      return sequence.map((step) => {
        const ids = typeof step === 'number' ? [step] : step;
        return tape.concat(
          ids.slice(first, first + count).map((id) => tape.slice(table, id * units, (id + 1) * units)),
        );
      });
    }
    case 'dense': {
      const { activation } = node.layer;
      const squashedByLoss =
        (last === 'softmax_cross_entropy' && (activation === 'softmax' || activation === 'log_softmax')) ||
        (last === 'sigmoid_cross_entropy' && activation === 'sigmoid');
      return x.map((row) => {
        const sums = tape.linear(of(node.tensors.weight), row, of(node.tensors.bias));
        if (squashedByLoss || activation === 'linear') return sums;
        if (activation === 'log_softmax') return tape.logSoftmax(sums);
        return activation === 'softmax' ? tape.exp(tape.logSoftmax(sums)) : tape[activation](sums);
      });
    }
    case 'operator_graph':
      throw new Error('an operator graph has no gradient');
    case 'layer_norm':
      return x.map((row) =>
        layerNorm(tape, row, of(node.tensors.weight), of(node.tensors.bias), node.layer.epsilon),
      );
    case 'conv1d':
      throw new Error(`${node.layer.type} does not learn`);
    case 'pool':
      if (node.layer.mode === 'attention') throw new Error('pool attention does not learn');
      return pooled(tape, x, node.layer.mode);
    case 'crf':
      return x;
    case 'attention':
      return x.map((query) => attended(tape, query, memory, node, of));
    case 'recurrent': {
      const { forward, backward } = node.tensors;
      const start = { h: starts.get(`${index}.h`), c: starts.get(`${index}.c`) };
      const f = swept(tape, node.layer, forward, x, of, start);
      if (!backward) return f;
      const b = swept(tape, node.layer, backward, x.toReversed(), of, {}).toReversed();
      return f.map((row, t) => merged(tape, row, b[node.mergeAtFirstStep ? 0 : t]!, node.layer.merge));
    }
    case 'dropout':
      return x;
    case 'concat':
      return x.map((_, t) => tape.concat(inputs.map((rows) => rows[t]!)));
    case 'add':
      return x.map((_, t) => inputs.slice(1).reduce((sum, rows) => tape.add(sum, rows[t]!), inputs[0]![t]!));
    case 'multiply':
      return x.map((_, t) => inputs.slice(1).reduce((so, rows) => tape.mul(so, rows[t]!), inputs[0]![t]!));
    default:
      return x.map((row) => findLayerKind(node.type).equations!(node, rowMath(tape, of), row));
  }
}

const rowMath = (tape: Tape, of: (name: string) => Variable): RowMath<Variable> => ({
  linear: (weight, x, bias) => tape.linear(of(weight), x, of(bias)),
  add: tape.add,
  mul: tape.mul,
  complement: (x) =>
    tape.map(
      x,
      (one) => 1 - one,
      () => -1,
    ),
  sigmoid: tape.sigmoid,
  tanh: tape.tanh,
  relu: tape.relu,
});

function layerNorm(tape: Tape, x: Variable, weight: Variable, bias: Variable, epsilon: number): Variable {
  const width = x.values.length;
  const centred = tape.sub(x, tape.spread(tape.scale(tape.sum(x), 1 / width), width));
  const variance = tape.scale(tape.sum(tape.mul(centred, centred)), 1 / width);
  const deviation = tape.root(tape.add(variance, tape.constant([epsilon])));
  return tape.add(tape.mul(tape.mul(centred, tape.spread(tape.inverse(deviation), width)), weight), bias);
}

function pooled(tape: Tape, x: Rows, mode: 'last' | 'mean' | 'max'): Rows {
  if (mode === 'last') return x;
  let so: Variable | null = null;
  return x.map((row, t) => {
    so = so === null ? row : mode === 'mean' ? tape.add(so, row) : tape.larger(so, row);
    return mode === 'mean' ? tape.scale(so, 1 / (t + 1)) : so;
  });
}

function attended(
  tape: Tape,
  query: Variable,
  memory: Rows,
  { layer, tensors }: Extract<Node, { type: 'attention' }>,
  of: (name: string) => Variable,
): Variable {
  const score = (m: Variable): Variable => {
    if (layer.score === 'dot') return tape.sum(tape.mul(query, m));
    if (layer.score === 'general') return tape.sum(tape.mul(query, tape.linear(of(tensors.weight), m, null)));
    const bent = tape.tanh(
      tape.add(
        tape.linear(of(tensors.query), query, null),
        tape.linear(of(tensors.memory), m, of(tensors.bias)),
      ),
    );
    return tape.sum(tape.mul(bent, of(tensors.vector)));
  };
  const weights = tape.exp(tape.logSoftmax(tape.concat(memory.map(score))));
  return memory
    .map((m, s) => tape.mul(m, tape.spread(tape.slice(weights, s, s + 1), m.values.length)))
    .reduce(tape.add);
}

function merged(tape: Tape, a: Variable, b: Variable, merge: RecurrentSpec['merge']): Variable {
  if (merge === 'concat') return tape.concat([a, b]);
  if (merge === 'mul') return tape.mul(a, b);
  return merge === 'sum' ? tape.add(a, b) : tape.scale(tape.add(a, b), 0.5);
}

/** The cell's own equations, on the tape. */
function swept(
  tape: Tape,
  layer: RecurrentSpec,
  names: DirectionTensors,
  x: Rows,
  of: (name: string) => Variable,
  start: { h?: Variable | undefined; c?: Variable | undefined },
): Variable[] {
  const { units } = layer;
  const cell = findCell(layer);
  const candidate = getCellOptions(layer, 'forward').candidate.type;
  if (candidate !== 'tanh' && candidate !== 'relu') throw new Error(`${candidate} is not on the tape`);
  const zero = (): Variable => tape.constant(new Float64Array(units));
  const blocks = (names_: readonly string[], sums: Variable): Map<string, Variable> =>
    new Map(names_.map((name, index) => [name, tape.slice(sums, index * units, (index + 1) * units)]));
  const gates = cell.gates.map(({ name }) => name);
  const multiplied = gatesWithProduct(cell).map((gate) => gates[gate]!);
  let state = { h: start.h ?? zero(), c: start.c ?? zero() };
  return x.map((row) => {
    const inputs = blocks(gates, tape.linear(of(names.weightIh), row, of(names.biasIh)));
    const input = (gate: string): Variable => inputs.get(gate)!;
    const products = new Map<Variable, Map<string, Variable>>();
    const product = (gate: string, operand: Variable): Variable => {
      if (!products.has(operand))
        products.set(
          operand,
          blocks(multiplied, tape.linear(of(names.weightHh!), operand, of(names.biasHh!))),
        );
      return products.get(operand)!.get(gate)!;
    };
    const math: StepMath<Variable> = {
      inputForget: false,
      input,
      product,
      sum: (gate, operand) => tape.add(input(gate), product(gate, operand)),
      peephole: (_, sum) => sum,
      gate: tape.sigmoid,
      candidate: tape[candidate],
      output: tape.tanh,
      add: tape.add,
      mul: tape.mul,
      complement: (value) =>
        tape.map(
          value,
          (one) => 1 - one,
          () => -1,
        ),
    };
    state = cell.step(math, state);
    return state.h;
  });
}
