import type { DoneEvent } from '../engine/delivery.ts';
import type { SequenceRequest } from '../engine/engine-interface.ts';
import type { SequenceEvent } from '../engine/delivery.ts';
import { UnrollError } from '../errors.ts';
import type { Call, TaskContext, TaskLimits } from './context.ts';

export type Submission = Omit<SequenceRequest, 'deadlineMs' | 'signal'>;

/** When this call must be over, on the clock of Date.now(). @throws UnrollError invalid_request */
function deadlineOf({ timeoutMs }: Call, limits: TaskLimits): number {
  if (timeoutMs !== undefined && timeoutMs > limits.maxTimeoutMs)
    throw new UnrollError('invalid_request', `timeout_ms: at most ${limits.maxTimeoutMs}, was ${timeoutMs}`, {
      field: 'timeout_ms',
    });
  return Date.now() + (timeoutMs ?? limits.timeoutMs);
}

/**
 * Runs sequences side by side: they batch with one another and with everyone else's. When one fails, the others are let go.
 * @returns every sequence's events before its end, and its end, in order
 */
export async function runSequences<E extends SequenceEvent>(
  { engine, limits }: TaskContext,
  call: Call,
  submissions: readonly Submission[],
  keep: (event: SequenceEvent) => event is E,
): Promise<{ events: E[]; end: DoneEvent }[]> {
  const deadlineMs = deadlineOf(call, limits);
  const failed = new AbortController();
  const { signal } = failed;
  const leave = (): void => failed.abort();
  if (call.signal.aborted) leave();
  call.signal.addEventListener('abort', leave, { once: true });
  const runOne = async (submission: Submission): Promise<{ events: E[]; end: DoneEvent }> => {
    const events: E[] = [];
    for await (const event of engine.submit({ ...submission, deadlineMs, signal })) {
      if (event.kind === 'done') return { events, end: event };
      if (keep(event)) events.push(event);
    }
    throw new UnrollError('internal', 'a sequence ended without its last event');
  };
  const running = submissions.map(runOne);
  try {
    return await Promise.all(running);
  } catch (error) {
    failed.abort();
    // the model stays held until none of them uses it
    await Promise.allSettled(running);
    throw error;
  } finally {
    call.signal.removeEventListener('abort', leave);
  }
}

/** The only sequence of a streamed request. @throws UnrollError invalid_request */
export function onlyOne<T>(sequences: readonly T[], field: string): T {
  if (sequences.length !== 1)
    throw new UnrollError('invalid_request', `${field}: a stream takes one, was given ${sequences.length}`, {
      field,
    });
  return sequences[0]!;
}

/** One sequence's events as they come. */
export function follow(
  { engine, limits }: TaskContext,
  call: Call,
  submission: Submission,
): AsyncIterable<SequenceEvent> {
  return engine.submit({ ...submission, deadlineMs: deadlineOf(call, limits), signal: call.signal });
}

export const isOutputs = (event: SequenceEvent): event is Extract<SequenceEvent, { kind: 'outputs' }> =>
  event.kind === 'outputs';
export const isToken = (event: SequenceEvent): event is Extract<SequenceEvent, { kind: 'token' }> =>
  event.kind === 'token';

/** Rows of an `outputs` event. values [steps, width] */
export const rowsOf = ({
  values,
  width,
  steps,
}: Extract<SequenceEvent, { kind: 'outputs' }>): Float32Array[] =>
  Array.from({ length: steps }, (_, t) => values.subarray(t * width, (t + 1) * width));
