import { UnrollError } from '../../errors.ts';
import { findRowSteps, isSequenceToOne } from '../../network/sequence-to-one.ts';
import { resolveGraph } from '../../network/graph.ts';
import { referenceNetwork } from '../../network/reference-network.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import { checkRoles } from '../../operators/analysis/check-roles.ts';
import { runView } from '../../operators/analysis/run-view.ts';
import type { SequenceView } from '../../operators/analysis/sequence-view.ts';
import { elementCount, type Operand } from '../../operators/operand.ts';
import { countRows, rowOfStep } from '../../operators/row-count.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import { createRng } from '../../random.ts';
import { invalidModel } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';

// Verification: a network that was made of a graph under its view must give what the graph itself gives, on random
// inputs, in float64.

/** Relative to the largest number of an answer. */
const tolerance = 1e-5;
/** Lengths that are compared, as short as the graph accepts. */
const comparedLengths = 3;
/** The longest of them. */
const maxSteps = 4096;
/** Steps between the first of them and the others. */
const maxGap = 64;
/** Calls in a row of a graph that is one step. */
const calls = 5;

type Sequence = readonly Float64Array[];

/**
 * Verifies a network beside its graph: two sequences together and alone, of several lengths, whole and in chunks
 * where states are carried.
 * @returns the shortest length that the graph accepts
 * @throws UnrollError invalid_model with what differs
 */
export function verifyView(
  graph: SignedGraph,
  view: SequenceView,
  { network, weights, input }: ImportedNetwork,
  context = 0,
): number {
  const lengths = findLengths(graph, view);
  checkRoles(graph, view, lengths);
  const chunked =
    view.states.length > 0 && view.input.axes.includes('time') && resolveGraph(network, input).causal;
  const batch = view.input.axes.includes('batch') && view.output.batch !== null ? 2 : 1;
  for (const [seed, steps] of lengths.entries()) {
    const sequences = Array.from({ length: batch }, (_, i) =>
      drawSequence(view, steps, seed * 2 + i, context),
    );
    const plain = view.input.axes.includes('time')
      ? runView(graph, view, sequences).answers
      : runInChunks(graph, view, sequences, Array<number>(steps).fill(1));
    if (plain[0]!.length !== expectedRows(view, steps))
      invalidModel(
        `verification: ${steps} steps have ${plain[0]!.length} rows, must be ${expectedRows(view, steps)}`,
      );
    const own = sequences.map((sequence) =>
      runNetwork(
        network,
        weights,
        view,
        context > 0 ? sequence.map((row) => row.subarray(context)) : sequence,
      ),
    );
    compare(own, plain, `of ${steps} steps`);
    const half = lengths[1] ?? lengths[0]!;
    if (chunked && steps - half >= half)
      compareEnds(own, runInChunks(graph, view, sequences, [half, steps - half]), view);
  }
  return lengths[0]!;
}

/** The rows that the graph itself must give: a call a step where it has no axis of time. */
function expectedRows({ input, output: { rows, rowsPerStep } }: SequenceView, steps: number): number {
  if (!input.axes.includes('time')) return steps;
  return rows ? countRows(rows, steps) * rowsPerStep : 1;
}

/** The shortest lengths that the graph accepts, and one of two chunks. */
function findLengths(graph: SignedGraph, view: SequenceView): number[] {
  if (!view.input.axes.includes('time')) return [calls];
  if (view.steps !== undefined) return [view.steps];
  const { rows } = view.output;
  // two rows, or one where a step has its own
  const first = rows ? Math.max(1, 2 * rows.stride - rows.offset - Number(rows.stride === 1)) : 1;
  const found: number[] = [];
  let failure: unknown = null;
  for (let steps = first; steps <= maxSteps && found.length < comparedLengths;) {
    try {
      runView(graph, view, [drawSequence(view, steps, 0)]);
      found.push(steps);
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failure ??= error;
    }
    const [shortest] = found;
    if (shortest !== undefined && steps >= shortest + maxGap) break;
    // the last one has a row more
    const next = found.length === comparedLengths - 1 ? shortest! + (rows?.stride ?? 1) : 0;
    steps = Math.max(next, steps + (shortest !== undefined || steps < maxGap ? 1 : steps >> 2));
  }
  if (found.length === 0) throw failure!;
  if (found.length < comparedLengths)
    invalidModel(`verification: the graph accepts sequences of ${found.join(', ')} steps only`);
  return view.states.length > 0 ? [...found, 2 * found[1]! + 1] : found;
}

/** Draws a sequence. @param context numbers of a row that the row before ends with, zeros at the start */
function drawSequence(
  { input, vocabulary, scale }: SequenceView,
  steps: number,
  seed: number,
  context = 0,
): Sequence {
  const random = createRng(seed, 17);
  const width = elementCount(input.axes.map((axis) => (typeof axis === 'number' ? axis : 1)));
  const numbers = Float64Array.from({ length: steps * (width - context) + context }, (_, i) =>
    vocabulary !== undefined
      ? Math.floor(random.next() * vocabulary)
      : i < context
        ? 0
        : scale * (2 * random.next() - 1),
  );
  return Array.from({ length: steps }, (_, t) =>
    numbers.slice(t * (width - context), t * (width - context) + width),
  );
}

/** The graph on parts of sequences one after the other, each from the states that the one before left. */
function runInChunks(
  graph: SignedGraph,
  view: SequenceView,
  sequences: readonly Sequence[],
  chunks: readonly number[],
): Sequence[] {
  const answers = sequences.map((): Float64Array[] => []);
  let carried: ReadonlyMap<string, Operand> = new Map();
  let at = 0;
  for (const steps of chunks) {
    const part = runView(
      graph,
      view,
      sequences.map((sequence) => sequence.slice(at, at + steps)),
      carried,
    );
    part.answers.forEach((rows, i) => answers[i]!.push(...rows));
    carried = part.carried;
    at += steps;
  }
  return answers;
}

function runNetwork(
  network: NetworkSpec,
  weights: Weights,
  { vocabulary }: SequenceView,
  sequence: Sequence,
): Sequence {
  const { output } = referenceNetwork(
    network,
    weights,
    vocabulary === undefined ? sequence : sequence.map(([id]) => id!),
  );
  if (isSequenceToOne(network)) return output.slice(-1);
  const every = findRowSteps(network);
  return every ? output.filter((_, t) => rowOfStep(every, t) >= 0) : output;
}

const flatten = (rows: Sequence): number[] => rows.flatMap((row) => [...row]);

function compare(own: readonly Sequence[], plain: readonly Sequence[], what: string): void {
  plain.forEach((rows, i) => {
    const [actual, expected] = [flatten(own[i]!), flatten(rows)];
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
    const differs = expected.some(
      (value, k) => !(Math.abs(value - actual[k]!) <= tolerance * largest) && !Object.is(value, actual[k]),
    );
    if (actual.length !== expected.length || differs)
      invalidModel(
        `verification: a sequence ${what} does not give what the file's graph gives${plain.length > 1 ? ' for two sequences together' : ''}`,
      );
  });
}

/** Of a graph that answers once, the last chunk answers for the whole sequence. */
function compareEnds(own: readonly Sequence[], chunked: readonly Sequence[], { output }: SequenceView): void {
  const last = output.time === null ? chunked.map((rows) => rows.slice(-1)) : chunked;
  compare(own, last, 'in chunks, with its states carried,');
}
