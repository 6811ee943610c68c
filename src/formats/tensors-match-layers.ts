import { isSequenceToOne } from '../network/sequence-to-one.ts';
import { referenceNetwork } from '../network/reference-network.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';
import { elementCount } from '../operators/operand.ts';
import { prepareSignedGraph } from '../operators/prepare-signed-graph.ts';
import { referenceSweeps } from '../operators/reference-graph.ts';
import type { Dimension, SignedGraph } from '../operators/signature.ts';
import { createRng } from '../random.ts';
import { UnrollError } from '../errors.ts';

/** Steps of the two sequences with which graph and layers are compared. */
const comparedSteps = [1, 2, 7];
/** Of a number relative to its size, at least 1. */
const tolerance = 1e-5;
/** Multiply-adds of a comparison; a larger network is served by its graph. */
const maxProducts = 2 ** 31;

/**
 * Whether a network of layers gives, for every sequence of a batch, what its graph gives for the batch: one input
 * [batch, steps, …] and one output [batch, steps, width] or [batch, width], whose numbers agree in float64.
 */
export function tensorsMatchLayers(graph: SignedGraph, spec: ModelSpec, weights: Weights): boolean {
  const [input, another] = graph.signature.inputs;
  const [output, second] = graph.signature.outputs;
  if (!input || another || !output || second || spec.network.encoder) return false;
  const width = spec.inputs.kind === 'text' ? null : spec.inputs.features.length;
  if (spec.inputs.kind === 'text' && spec.inputs.characters) return false;
  const last = input.shape?.[2];
  const fits =
    width === null
      ? isBatchOfSteps(input.shape, 2) && /^INT(32|64)$/.test(input.datatype)
      : isBatchOfSteps(input.shape, 3) && input.datatype === 'FP32' && last === width;
  if (!fits || output.datatype !== 'FP32') return false;
  const parameters = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
  if (parameters * 2 * comparedSteps.reduce((sum, steps) => sum + steps) > maxProducts) return false;
  try {
    return comparedSteps.every((steps) => agree(graph, spec, weights, steps));
  } catch (error) {
    if (error instanceof UnrollError) return false;
    throw error;
  }
}

const isBatchOfSteps = (shape: readonly Dimension[] | null, rank: number): boolean =>
  shape?.length === rank && shape.slice(0, 2).every((size) => typeof size !== 'number');

/** Compares two random sequences of so many steps. */
function agree(graph: SignedGraph, { inputs, network }: ModelSpec, weights: Weights, steps: number): boolean {
  const width = inputs.kind === 'text' ? 1 : inputs.features.length;
  const vocabulary = inputs.kind === 'text' ? inputs.tokens.length : 0;
  const rng = createRng(steps);
  // the first row of the second sequence is zeros: id 0, or a step that a mask would skip
  const x = Float64Array.from({ length: 2 * steps * width }, (_, i) => {
    if (Math.floor(i / width) === steps) return 0;
    return vocabulary > 0 ? Math.floor(rng.next() * vocabulary) : Math.fround(2 * rng.next() - 1);
  });
  const shape = vocabulary > 0 ? [2, steps] : [2, steps, width];
  const context = { product: () => null, sweeps: referenceSweeps, floats: Float64Array };
  const prepared = prepareSignedGraph(graph, [shape], context, (name) => graph.constants.get(name));
  prepared.inputs[0]!.values.set(x);
  prepared.run();
  const found = prepared.outputs[0]!;
  const once = isSequenceToOne(network);
  for (const sequence of [0, 1]) {
    const rows = Array.from({ length: steps }, (_, t) =>
      x.subarray((sequence * steps + t) * width, (sequence * steps + t + 1) * width),
    );
    const answers = referenceNetwork(
      network,
      weights,
      vocabulary > 0 ? rows.map(([id]) => id!) : rows,
    ).output;
    const expected = (once ? answers.slice(-1) : answers).flatMap((row) => Array.from(row));
    const units = answers[0]!.length;
    const declared = once ? [2, units] : [2, steps, units];
    if (found.shape.join() !== declared.join()) return false;
    const size = elementCount(declared) / 2;
    const close = expected.every(
      (value, i) =>
        Math.abs(value - found.values[sequence * size + i]!) <= tolerance * Math.max(1, Math.abs(value)),
    );
    if (!close) return false;
  }
  return true;
}
