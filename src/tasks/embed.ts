import type { Call, TaskContext } from './context.ts';
import { shortest } from './float32-text.ts';
import { readInputs, type TaskInput } from './read-input.ts';
import { isOutputs, runSequences } from './run-sequences.ts';
import { withModel } from './with-model.ts';
import { headOf, type ReplyHead } from './usage.ts';

export interface EmbedBody {
  readonly input: TaskInput;
}
export interface EmbedReply extends ReplyHead {
  readonly embeddings: number[][];
}

/** The last hidden row of whole sequences, from a model of any task. */
export function embed(context: TaskContext, call: Call, body: EmbedBody): Promise<EmbedReply> {
  return withModel(context, call, null, async (model) => {
    const sequences = readInputs(model, body.input, context.limits);
    const submissions = sequences.map(({ values }) => ({
      network: model.network,
      input: values,
      want: 'last' as const,
      what: 'hidden' as const,
    }));
    const results = await runSequences(context, call, submissions, isOutputs);
    const ends = results.map(({ end }) => end);
    return {
      ...headOf(model, ends, sequences),
      embeddings: results.map(({ events }) => Array.from(events[0]!.values, shortest)),
    };
  });
}
