import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice } from '../time-slice.ts';
import { checkReplySize, longestTextBytes, numberBytes } from './budgets.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
import { bestLabels, type Scored } from './labels.ts';
import { readInputs, type PreparedSequence, type TaskInput } from './read-input.ts';
import {
  collectOutputs,
  streamSequence,
  requireSingle,
  splitRows,
  runSequences,
  type Submission,
} from './run-sequences.ts';
import { streamWithModel, withModel } from './with-model.ts';
import { headOf, type ReplyHead } from './usage.ts';

export interface ClassifyBody {
  readonly input: TaskInput;
  /** Labels to report. */
  readonly top_k: number;
}
export interface Prediction extends Scored {
  readonly top: Scored[];
}
export interface ClassifyReply extends ReplyHead {
  readonly predictions: Prediction[];
}

/** Many-to-one: the label of whole sequences. */
export function classify(context: TaskContext, call: Call, body: ClassifyBody): Promise<ClassifyReply> {
  return withModel(context, call, 'classify', async (model) => {
    const sequences = await readInputs(model, body.input, context.limits, call.signal);
    const labels = model.spec.outputs.labels!;
    const bytes = (): number =>
      sequences.length * (Math.min(body.top_k, labels.length) + 1) * (scoredBytes + longestTextBytes(labels));
    checkReplySize(sequences, bytes, call, context.limits);
    const submissions = sequences.map((sequence) => submissionOf(model, sequence, 'last'));
    const results = await runSequences(context, call, submissions, collectOutputs);
    const ends = results.map(({ end }) => end);
    const slice = createTimeSlice(call.signal);
    const predictions: Prediction[] = [];
    for (const { result } of results) {
      predictions.push(predictionOf(model, result[0]!.values, body.top_k));
      if (slice.due()) await slice.next();
    }
    return { ...headOf(model, ends, sequences), predictions };
  });
}

/** Bytes of `{"label":,"score":},`. */
const scoredBytes = 20 + numberBytes;

/** The label as it forms: a `step` event after every step, then the reply. */
export function classifyStream(
  context: TaskContext,
  call: Call,
  body: ClassifyBody,
): AsyncGenerator<TaskEvent> {
  return streamWithModel(context, call, 'classify', async function* (model) {
    const sequence = requireSingle(await readInputs(model, body.input, context.limits, call.signal), 'input');
    let last: Prediction | undefined;
    for await (const event of streamSequence(context, call, submissionOf(model, sequence, 'every'))) {
      if (event.kind === 'outputs') {
        let step = event.first;
        for (const scores of splitRows(event)) {
          last = predictionOf(model, scores, body.top_k);
          yield { event: 'step', data: { step: step++, ...last } };
        }
      } else if (event.kind === 'done') {
        const reply: ClassifyReply = { ...headOf(model, [event], [sequence]), predictions: [last!] };
        yield { event: 'done', data: reply };
      }
    }
  });
}

const submissionOf = (
  { network }: ServedModel,
  { values }: PreparedSequence,
  want: 'last' | 'every',
): Submission => ({
  network,
  input: values,
  steps: want,
  output: 'output',
});

function predictionOf({ spec }: ServedModel, scores: Float32Array, count: number): Prediction {
  const top = bestLabels(scores, spec.outputs.labels!, Math.max(1, count));
  return { ...top[0]!, top: top.slice(0, count) };
}
