import type { ServedModel } from '../repository/repository-interface.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
import { createChainLabeller } from '../crf/label-chain.ts';
import { shortest } from './float32-text.ts';
import { bestLabels, type Scored } from './labels.ts';
import { readInputs, type PreparedSequence, type TaskInput } from './read-input.ts';
import { follow, isOutputs, onlyOne, rowsOf, runSequences, type Submission } from './run-sequences.ts';
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
    const sequences = readInputs(model, body.input, context.limits);
    const submissions = sequences.map((sequence) => submissionOf(model, sequence));
    const results = await runSequences(context, call, submissions, isOutputs);
    const ends = results.map(({ end }) => end);
    const predictions: TagReply['predictions'][number][] = [];
    for (const [i, { events }] of results.entries()) {
      const labeller = createLabeller(model, sequences[i]!);
      const tokens = events.flatMap(rowsOf).flatMap((scores) => labeller.push(scores));
      predictions.push({ tokens: [...tokens, ...(await labeller.finish())] });
    }
    return { ...headOf(model, ends, sequences), predictions };
  });
}

/** A `token` event with its label as each is read (after the last where a chain decides over all of them), then the reply. */
export function tagStream(context: TaskContext, call: Call, body: TagBody): AsyncGenerator<TaskEvent> {
  return streamWithModel(context, call, 'tag', async function* (model) {
    const sequence = onlyOne(readInputs(model, body.input, context.limits), 'input');
    const labeller = createLabeller(model, sequence);
    const tokens: TaggedToken[] = [];
    for await (const event of follow(context, call, submissionOf(model, sequence))) {
      const known =
        event.kind === 'outputs'
          ? rowsOf(event).flatMap((scores) => labeller.push(scores))
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
  want: 'every',
  what: 'output',
});

/** Rows of scores in order become tokens: at once where each stands for itself, at the end where a chain joins them. */
interface Labeller {
  push(scores: Float32Array): TaggedToken[];
  finish(): Promise<TaggedToken[]>;
}

function createLabeller({ spec, chain }: ServedModel, { tokens }: PreparedSequence): Labeller {
  const labels = spec.outputs.labels!;
  const placed = (step: number, scored: Scored): TaggedToken => {
    const { text, start, end } = tokens[step] ?? { text: String(step), start: step, end: step + 1 };
    return { text, ...scored, start, end };
  };
  if (chain) {
    const labeller = createChainLabeller(chain);
    return {
      push(scores) {
        labeller.push(scores);
        return [];
      },
      finish: async () =>
        (await labeller.finish()).map(({ label, probability }, step) =>
          placed(step, { label: labels[label]!, score: shortest(Math.fround(probability)) }),
        ),
    };
  }
  let step = 0;
  return {
    push: (scores) => [placed(step++, bestLabels(scores, labels, 1)[0]!)],
    finish: () => Promise.resolve([]),
  };
}
