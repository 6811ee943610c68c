import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice } from '../time-slice.ts';
import { checkReplySize, longestTextBytes, numberBytes } from './budgets.ts';
import type { Call, TaskContext } from './context.ts';
import { rankLabels } from './labels.ts';
import { checkInsideSize, readInsideOptions, type InsideOptions } from './inside-options.ts';
import { collectInside, createWaitingRows, type InsideValues } from './inside-values.ts';
import { countSteps, readInputs } from './read-input.ts';
import type { TaskInput } from './task-input.ts';
import {
  collectOutputs,
  requireSingle,
  runSequences,
  sequenceOutputs,
  splitRows,
  streamSequence,
} from './run-sequences.ts';
import { measureUsage, type TaskResult } from './task-result.ts';

export interface ClassifyBody extends InsideOptions {
  readonly input: TaskInput;
  /** Labels to report. */
  readonly top_k: number;
  /** Whether every step has its prediction, the label so far, and not the last alone. */
  readonly each?: boolean | undefined;
}

/** The scores of one sequence, or of one step of it. */
export interface Classification {
  /** [labels] */
  readonly scores: Float32Array;
  /** Indexes of the best labels, the best first; at least one. */
  readonly best: ArrayLike<number>;
  readonly inside?: InsideValues | undefined;
}
export interface ClassifyResult extends TaskResult {
  readonly predictions: Classification[];
}
export type ClassifyEvent =
  | { readonly kind: 'step'; readonly step: number; readonly prediction: Classification }
  | { readonly kind: 'done'; readonly result: ClassifyResult };

/** Many-to-one: the label of whole sequences. */
export async function classify(
  context: TaskContext,
  call: Call,
  body: ClassifyBody,
): Promise<ClassifyResult> {
  const { model, signal } = call;
  const sequences = await readInputs(model, body.input, context.limits, signal);
  const inside = readInsideOptions(model, body);
  const rows = body.each ? countSteps(sequences) : sequences.length;
  const estimate = (): number => replyBytes(model, rows, body.top_k);
  checkReplySize(sequences, estimate, call, context.limits);
  if (inside) checkInsideSize(inside, countSteps(sequences), body, context.limits, estimate());
  const steps = body.each ? 'every' : 'last';
  const submissions = sequences.map((sequence) => sequenceOutputs(model, sequence, steps, inside));
  const results = await runSequences(context, call, submissions, () =>
    collectInside(inside, collectOutputs()),
  );
  const ends = results.map(({ end }) => end);
  const slice = createTimeSlice(signal);
  const predictions: Classification[] = [];
  for (const { result } of results) {
    for (const scores of result.value.flatMap(splitRows)) {
      predictions.push(rank(scores, body.top_k));
      if (slice.due()) await slice.next();
    }
    // those of all steps are with the last
    predictions.push({ ...predictions.pop()!, inside: result.inside });
    if (slice.due()) await slice.next();
  }
  return { usage: measureUsage(ends, sequences), predictions };
}

/** Bytes of `{"label":,"score":},`. */
const scoredBytes = 20 + numberBytes;

function replyBytes({ spec }: ServedModel, predictions: number, count: number): number {
  const labels = spec.outputs.labels!;
  return predictions * (Math.min(count, labels.length) + 1) * (scoredBytes + longestTextBytes(labels));
}

/** The label as it forms: an event after every step, then the result. */
export async function* classifyStream(
  context: TaskContext,
  call: Call,
  body: ClassifyBody,
): AsyncGenerator<ClassifyEvent> {
  const { model, signal } = call;
  const sequence = requireSingle(await readInputs(model, body.input, context.limits, signal), 'input');
  const inside = readInsideOptions(model, body);
  checkInsideSize(inside, model.network.info.causal ? 1 : sequence.steps, body, context.limits);
  const rows = createWaitingRows(inside);
  let last: Classification | undefined;
  for await (const event of streamSequence(
    context,
    call,
    sequenceOutputs(model, sequence, 'every', inside),
  )) {
    rows.push(event);
    if (event.kind === 'outputs') {
      let step = event.first;
      for (const scores of splitRows(event)) {
        last = rank(scores, body.top_k);
        yield { kind: 'step', step, prediction: { ...last, inside: rows.take(step) } };
        step++;
      }
    } else if (event.kind === 'done') {
      const usage = measureUsage([event], [sequence]);
      yield { kind: 'done', result: { usage, predictions: [last!] } };
    }
  }
}

const rank = (scores: Float32Array, count: number): Classification => ({
  scores,
  best: rankLabels(scores, Math.max(1, count)),
});
