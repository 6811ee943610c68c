import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import { checkReplySize, longestTextBytes, numberBytes, textBytes } from './budgets.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
import { createCrfLabeller } from '../decoding/crf/labeller.ts';
import { shortestFloat32 } from './float32-text.ts';
import { bestLabels, type Scored } from './labels.ts';
import { readInputs, type PreparedSequence, type TaskInput } from './read-input.ts';
import {
  streamSequence,
  requireSingle,
  splitRows,
  runSequences,
  type Collector,
  type Submission,
} from './run-sequences.ts';
import { streamWithModel, withModel } from './with-model.ts';
import { headOf, type ReplyHead } from './usage.ts';

export interface TagBody {
  readonly input: TaskInput;
}
export interface TaggedToken extends Scored {
  /** What stands there; the number of the step where the input is numeric. */
  readonly text: string;
  /** From where to where, in UTF-16 units of the input. */
  readonly start: number;
  readonly end: number;
}
export interface TagReply extends ReplyHead {
  readonly predictions: { readonly tokens: TaggedToken[] }[];
}

/** Many-to-many in step: a label for every token. */
export function tag(context: TaskContext, call: Call, body: TagBody): Promise<TagReply> {
  return withModel(context, call, 'tag', async (model) => {
    const sequences = await readInputs(model, body.input, context.limits, call.signal);
    const { maxReplyBytes } = context.limits;
    checkReplySize(sequences, () => tagReplyBytes(model, sequences, maxReplyBytes), call, context.limits);
    const submissions = sequences.map((sequence) => submissionOf(model, sequence));
    const results = await runSequences(context, call, submissions, (index, slice) =>
      collectTokens(createLabeller(model, sequences[index]!, slice), slice),
    );
    return {
      ...headOf(
        model,
        results.map(({ end }) => end),
        sequences,
      ),
      predictions: results.map(({ result }) => ({ tokens: result })),
    };
  });
}

/** Bytes of `{"text":,"label":,"score":,"start":123456,"end":123456},`. */
const tokenBytes = 54 + numberBytes;
const digits = 7;

/** Counts no further than past the limit: a request may have millions of tokens. */
function tagReplyBytes({ spec }: ServedModel, sequences: readonly PreparedSequence[], most: number): number {
  const perToken = tokenBytes + longestTextBytes(spec.outputs.labels!);
  let bytes = 0;
  for (const { steps, tokens } of sequences) {
    bytes += steps * (perToken + (tokens.length === 0 ? digits : 0));
    for (let i = 0; i < tokens.length && bytes <= most; i++) bytes += textBytes(tokens[i]!.text);
  }
  return bytes;
}

function collectTokens(labeller: Labeller, slice: TimeSlice): Collector<TaggedToken[]> {
  const tokens: TaggedToken[] = [];
  return {
    async push(event) {
      if (event.kind !== 'outputs') return;
      for (const scores of splitRows(event)) {
        tokens.push(...labeller.push(scores));
        if (slice.due()) await slice.next();
      }
    },
    async end() {
      const last = await labeller.finish();
      return tokens.length === 0 ? last : [...tokens, ...last];
    },
  };
}

/** A `token` event with its label as each is read (after the last where a chain decides over all of them), then the reply. */
export function tagStream(context: TaskContext, call: Call, body: TagBody): AsyncGenerator<TaskEvent> {
  return streamWithModel(context, call, 'tag', async function* (model) {
    const sequence = requireSingle(await readInputs(model, body.input, context.limits, call.signal), 'input');
    const labeller = createLabeller(model, sequence, createTimeSlice(call.signal));
    const tokens: TaggedToken[] = [];
    for await (const event of streamSequence(context, call, submissionOf(model, sequence))) {
      const known =
        event.kind === 'outputs'
          ? splitRows(event).flatMap((scores) => labeller.push(scores))
          : event.kind === 'done'
            ? await labeller.finish()
            : [];
      for (const token of known) yield { event: 'token', data: token };
      tokens.push(...known);
      if (event.kind === 'done') {
        const reply: TagReply = { ...headOf(model, [event], [sequence]), predictions: [{ tokens }] };
        yield { event: 'done', data: reply };
      }
    }
  });
}

const submissionOf = ({ network }: ServedModel, { values }: PreparedSequence): Submission => ({
  network,
  input: values,
  steps: 'every',
  output: 'output',
});

/** Rows of scores in order become tokens: at once where each stands for itself, at the end where a chain joins them. */
interface Labeller {
  push(scores: Float32Array): TaggedToken[];
  finish(): Promise<TaggedToken[]>;
}

function createLabeller(
  { spec, chain }: ServedModel,
  { tokens }: PreparedSequence,
  slice: TimeSlice,
): Labeller {
  const labels = spec.outputs.labels!;
  const placed = (step: number, scored: Scored): TaggedToken => {
    const { text, start, end } = tokens[step] ?? { text: String(step), start: step, end: step + 1 };
    return { text, ...scored, start, end };
  };
  if (chain) {
    const labeller = createCrfLabeller(chain);
    return {
      push(scores) {
        labeller.push(scores);
        return [];
      },
      async finish() {
        const placedTokens: TaggedToken[] = [];
        for (const [step, { label, probability }] of (await labeller.finish()).entries()) {
          const score = shortestFloat32(Math.fround(probability));
          placedTokens.push(placed(step, { label: labels[label]!, score }));
          if (slice.due()) await slice.next();
        }
        return placedTokens;
      },
    };
  }
  let step = 0;
  return {
    push: (scores) => [placed(step++, bestLabels(scores, labels, 1)[0]!)],
    finish: () => Promise.resolve([]),
  };
}
