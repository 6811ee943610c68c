import type { DoneEvent } from '../engine/delivery.ts';
import type { SequenceRequest } from '../engine/engine-interface.ts';
import type { SequenceEvent } from '../engine/delivery.ts';
import { UnrollError } from '../errors.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import type { Call, TaskContext, TaskLimits } from './context.ts';

export type Submission = Omit<SequenceRequest, 'deadlineMs' | 'signal' | 'group'>;

/** When this call must be over, on the clock of performance.now(). @throws UnrollError invalid_request */
function deadlineOf({ timeoutMs }: Call, limits: TaskLimits): number {
  if (timeoutMs !== undefined && timeoutMs > limits.maxTimeoutMs)
    throw new UnrollError('invalid_request', `timeout_ms: at most ${limits.maxTimeoutMs}, was ${timeoutMs}`, {
      field: 'timeout_ms',
    });
  return performance.now() + (timeoutMs ?? limits.timeoutMs);
}

/** What becomes of one sequence's events, as they come. */
export interface Collector<T> {
  /** May take its time: the next event is asked for afterwards. */
  push(event: SequenceEvent): Promise<void> | void;
  end(): Promise<T> | T;
}

/**
 * Runs sequences side by side: they batch with one another and with everyone else's. When one fails, the others are cancelled.
 * @param collect makes the collector of each submission
 * @returns what each has collected, and its last event, in order
 */
export async function runSequences<T>(
  { engine, limits }: TaskContext,
  call: Call,
  submissions: readonly Submission[],
  collect: (index: number, slice: TimeSlice) => Collector<T>,
): Promise<{ result: T; end: DoneEvent }[]> {
  const deadlineMs = deadlineOf(call, limits);
  const failed = new AbortController();
  const { signal } = failed;
  const leave = (): void => failed.abort(call.signal.reason);
  if (call.signal.aborted) leave();
  call.signal.addEventListener('abort', leave, { once: true });
  const slice = createTimeSlice(signal);
  const runOne = async (submission: Submission, index: number): Promise<{ result: T; end: DoneEvent }> => {
    const collector = collect(index, slice);
    for await (const event of engine.submit({ ...submission, deadlineMs, signal, group: call })) {
      if (event.kind === 'done') return { result: await collector.end(), end: event };
      const pending = collector.push(event);
      if (pending) await pending;
    }
    throw new UnrollError('internal', 'a sequence ended without its last event');
  };
  const running: Promise<{ result: T; end: DoneEvent }>[] = [];
  try {
    for (const [index, submission] of submissions.entries()) {
      const run = runOne(submission, index);
      // it is awaited once all have begun
      run.catch(() => {});
      running.push(run);
      if (slice.due()) await slice.next();
    }
    return await Promise.all(running);
  } catch (error) {
    // with a reason of its own: to make the usual one costs more than to refuse the request
    failed.abort(error);
    // the model stays in use until none of them uses it
    await Promise.allSettled(running);
    throw error;
  } finally {
    call.signal.removeEventListener('abort', leave);
  }
}

/** Keeps a sequence's outputs: one event where the last step's are wanted. */
export function collectOutputs(): Collector<OutputsEvent[]> {
  const events: OutputsEvent[] = [];
  return {
    push: (event) => void (event.kind === 'outputs' && events.push(event)),
    end: () => events,
  };
}
export type OutputsEvent = Extract<SequenceEvent, { kind: 'outputs' }>;

/** The only sequence of a streamed request. @throws UnrollError invalid_request */
export function requireSingle<T>(sequences: readonly T[], field: string): T {
  if (sequences.length !== 1)
    throw new UnrollError('invalid_request', `${field}: a stream takes one, was given ${sequences.length}`, {
      field,
    });
  return sequences[0]!;
}

/** One sequence's events as they come. */
export function streamSequence(
  { engine, limits }: TaskContext,
  call: Call,
  submission: Submission,
): AsyncIterable<SequenceEvent> {
  return engine.submit({
    ...submission,
    deadlineMs: deadlineOf(call, limits),
    signal: call.signal,
    group: call,
  });
}

/** Rows of an `outputs` event. values [steps, width] */
export const splitRows = ({ values, width, steps }: OutputsEvent): Float32Array[] =>
  Array.from({ length: steps }, (_, t) => values.subarray(t * width, (t + 1) * width));
