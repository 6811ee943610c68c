import type { Call, TaskContext } from './context.ts';
import { readPrompts } from './prompts.ts';
import { requireText } from './read-input.ts';
import type { TaskInput } from './task-input.ts';
import { collectOutputs, runSequences } from './run-sequences.ts';
import { requireOneSequence, type Continuation } from './continuation.ts';
import { measureUsage, type TaskResult } from './task-result.ts';

export interface FeedBody {
  readonly input: TaskInput;
}
export type FeedResult = TaskResult;

/**
 * Feeds tokens to a model that generates, without generating. The last token stays pending: the next call may
 * begin with a generation, which needs a token to feed.
 */
export async function feed(
  context: TaskContext,
  call: Call & { readonly continuation: Continuation },
  { input }: FeedBody,
): Promise<FeedResult> {
  const { model, signal, continuation } = call;
  const prompts = await readPrompts(model, requireText(input), context.limits, { signal, continuation });
  requireOneSequence(prompts.length);
  const { ids } = prompts[0]!;
  const before = ids.subarray(0, -1);
  const nextId = ids.at(-1)!;
  if (before.length === 0) {
    const values = continuation.from ?? null;
    continuation.keep({ values, nextId, fedIds: [] }, before);
    return { usage: measureUsage([], prompts) };
  }
  const keep: Continuation['keep'] = (state, fed) => continuation.keep({ ...state, nextId }, fed);
  const feeding = { ...call, continuation: { ...continuation, keep } };
  const submission = { network: model.network, input: before, steps: 'last', output: 'hidden' } as const;
  const results = await runSequences(context, feeding, [submission], collectOutputs);
  return {
    usage: measureUsage(
      results.map(({ end }) => end),
      prompts,
    ),
  };
}
