import { checkReplyBytes, numberBytes } from './budgets.ts';
import type { Call, TaskContext } from './context.ts';
import { requireOneSequence, type KeptState } from './continuation.ts';
import { readPrompts } from './prompts.ts';
import { readInputs, requireText } from './read-input.ts';
import type { TaskInput } from './task-input.ts';
import { collectOutputs, runSequences, splitRows, type Submission } from './run-sequences.ts';
import { measureUsage, type TaskResult } from './task-result.ts';

export interface EmbedBody {
  readonly input: TaskInput;
  /** Whether every step has its row, and not the last alone. */
  readonly each?: boolean | undefined;
}
export interface EmbedResult extends TaskResult {
  /** One [hiddenWidth] for each sequence, or each step. */
  readonly embeddings: Float32Array[];
}

/** The last hidden row of whole sequences, from a model of any task. */
export async function embed(context: TaskContext, call: Call, body: EmbedBody): Promise<EmbedResult> {
  const { network, spec } = call.model;
  if (call.continuation && spec.task === 'generate') return embedTokens(context, call, body);
  const sequences = await readInputs(call.model, body.input, context.limits, call.signal);
  const rows = body.each ? sequences.reduce((sum, { steps }) => sum + steps, 0) : sequences.length;
  checkReplyBytes(rows * network.info.hiddenWidth * numberBytes, context.limits, 'input');
  const submissions = sequences.map(({ values }) => ({
    network,
    input: values,
    steps: body.each ? ('every' as const) : ('last' as const),
    output: 'hidden' as const,
  }));
  const results = await runSequences(context, call, submissions, collectOutputs);
  const ends = results.map(({ end }) => end);
  return {
    usage: measureUsage(ends, sequences),
    embeddings: results.flatMap(({ result }) => result.flatMap(splitRows)),
  };
}

/**
 * Hidden rows of a model that generates, as its text goes on: the last token is read for its row, and stays
 * pending for what comes next.
 */
async function embedTokens(
  context: TaskContext,
  call: Call,
  { input, each = false }: EmbedBody,
): Promise<EmbedResult> {
  const { model } = call;
  const continuation = call.continuation!;
  const prompts = await readPrompts(model, requireText(input), context.limits, call);
  requireOneSequence(prompts.length);
  const { ids } = prompts[0]!;
  const { network } = model;
  const rows = each ? ids.length : 1;
  checkReplyBytes(rows * network.info.hiddenWidth * numberBytes, context.limits, 'input');
  const [before, last] = [ids.subarray(0, -1), ids.subarray(-1)];
  let kept: KeptState = { values: continuation.from ?? null, nextId: null, fedIds: [] };
  const run = (part: Int32Array, from: Float32Array | null, keep: (state: KeptState) => void) => {
    const submission: Submission = { network, input: part, steps: each ? 'every' : 'last', output: 'hidden' };
    const going = { ...call, continuation: { ...continuation, from: from ?? undefined, keep } };
    return runSequences(context, going, [submission], collectOutputs);
  };
  const first = before.length > 0 ? await run(before, kept.values, (state) => (kept = state)) : [];
  const second = await run(last, kept.values, () => {});
  continuation.keep({ ...kept, nextId: last[0]! }, before);
  const shown = each ? [...first, ...second] : second;
  return {
    usage: measureUsage(
      [...first, ...second].map(({ end }) => end),
      prompts,
    ),
    embeddings: shown.flatMap(({ result }) => result.flatMap(splitRows)),
  };
}
