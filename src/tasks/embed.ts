import { createTimeSlice } from '../time-slice.ts';
import { checkReplyBytes, numberBytes } from './budgets.ts';
import type { Call, TaskContext } from './context.ts';
import { shortestFloat32 } from './float32-text.ts';
import { readInputs, type TaskInput } from './read-input.ts';
import { collectOutputs, runSequences } from './run-sequences.ts';
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
    const sequences = await readInputs(model, body.input, context.limits, call.signal);
    const bytes = sequences.length * model.network.info.hiddenWidth * numberBytes;
    checkReplyBytes(bytes, context.limits, 'input');
    const submissions = sequences.map(({ values }) => ({
      network: model.network,
      input: values,
      steps: 'last' as const,
      output: 'hidden' as const,
    }));
    const results = await runSequences(context, call, submissions, collectOutputs);
    const ends = results.map(({ end }) => end);
    const slice = createTimeSlice(call.signal);
    const embeddings: number[][] = [];
    for (const { result } of results) {
      embeddings.push(Array.from(result[0]!.values, shortestFloat32));
      if (slice.due()) await slice.next();
    }
    return { ...headOf(model, ends, sequences), embeddings };
  });
}
