import { checkReplyBytes, numberBytes } from './budgets.ts';
import type { Call, TaskContext } from './context.ts';
import { readInputs, type TaskInput } from './read-input.ts';
import { collectOutputs, runSequences } from './run-sequences.ts';
import { measureUsage, type TaskResult } from './task-result.ts';

export interface EmbedBody {
  readonly input: TaskInput;
}
export interface EmbedResult extends TaskResult {
  /** One [hiddenWidth] for each sequence. */
  readonly embeddings: Float32Array[];
}

/** The last hidden row of whole sequences, from a model of any task. */
export async function embed(context: TaskContext, call: Call, body: EmbedBody): Promise<EmbedResult> {
  const { network } = call.model;
  const sequences = await readInputs(call.model, body.input, context.limits, call.signal);
  checkReplyBytes(sequences.length * network.info.hiddenWidth * numberBytes, context.limits, 'input');
  const submissions = sequences.map(({ values }) => ({
    network,
    input: values,
    steps: 'last' as const,
    output: 'hidden' as const,
  }));
  const results = await runSequences(context, call, submissions, collectOutputs);
  const ends = results.map(({ end }) => end);
  return {
    usage: measureUsage(ends, sequences),
    embeddings: results.map(({ result }) => result[0]!.values),
  };
}
