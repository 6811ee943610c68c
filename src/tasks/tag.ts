import type { ServedModel } from '../repository/repository-interface.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
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
    return {
      ...headOf(model, ends, sequences),
      predictions: results.map(({ events }, i) => ({
        tokens: events.flatMap(rowsOf).map((scores, step) => tokenOf(model, sequences[i]!, step, scores)),
      })),
    };
  });
}

/** A `token` event with its label as each is read, then the reply. */
export function tagStream(context: TaskContext, call: Call, body: TagBody): AsyncGenerator<TaskEvent> {
  return streamWithModel(context, call, 'tag', async function* (model) {
    const sequence = onlyOne(readInputs(model, body.input, context.limits), 'input');
    const tokens: TaggedToken[] = [];
    for await (const event of follow(context, call, submissionOf(model, sequence))) {
      if (event.kind === 'outputs') {
        for (const scores of rowsOf(event)) {
          const token = tokenOf(model, sequence, tokens.length, scores);
          tokens.push(token);
          yield { event: 'token', data: token };
        }
      } else if (event.kind === 'done') {
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

function tokenOf(
  { spec }: ServedModel,
  { tokens }: PreparedSequence,
  step: number,
  scores: Float32Array,
): TaggedToken {
  const [best] = bestLabels(scores, spec.outputs.labels!, 1);
  const { text, start, end } = tokens[step] ?? { text: String(step), start: step, end: step + 1 };
  return { text, ...best!, start, end };
}
