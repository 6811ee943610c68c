import type { SequenceEvent } from '../engine/delivery.ts';
import type { EventSource } from '../engine/event-source.ts';
import type { EvaluationRequest, SequenceRequest } from '../engine/engine-interface.ts';
import { UnrollError } from '../errors.ts';
import { onAbort } from '../on-abort.ts';
import type { InsidePlan } from '../network/inside.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { requireOneSequence } from './continuation.ts';
import type { Call, Deadlines, TaskContext, TaskLimits } from './context.ts';
import { collectEvents, type Collected, type Collector } from './collect-events.ts';
import { submitSequence } from './submit-sequence.ts';
import type { PreparedSequence } from './read-input.ts';

/** A sequence for the engine, without the circumstances that all sequences of a call share. */
export type Submission = Omit<SequenceRequest, Circumstances> | Omit<EvaluationRequest, Circumstances>;
type Circumstances = 'deadlineMs' | 'signal' | 'group' | 'priority' | 'onEnd';

/** Asks for the network's outputs at the last step of a sequence, or at every step. */
export const sequenceOutputs = (
  { network }: ServedModel,
  { values }: PreparedSequence,
  steps: SequenceRequest['steps'],
  inside?: InsidePlan,
  output: SequenceRequest['output'] = 'output',
): Submission => ({ network, input: values, steps, output, inside });

/** Sequences of a call above which their beginnings are not kept: as many texts would push out all others. */
const maxPrefixSequences = 8;

/**
 * Runs sequences at the same time, so that they batch with one another and with those of other requests. When
 * one fails, the others are cancelled.
 * @param collect creates the collector of each submission
 * @returns the collected result and the last event of each, in order
 * @throws UnrollError whatever the first sequence to fail throws
 */
export async function runSequences<T>(
  context: Pick<TaskContext, 'engine' | 'limits' | 'prefixes'>,
  call: Deadlines,
  submissions: readonly Submission[],
  collect: (index: number, slice: TimeSlice) => Collector<T>,
): Promise<Collected<T>[]> {
  const { continuation } = call;
  if (continuation) requireOneSequence(submissions.length);
  const deadlineMs = computeDeadline(call, context.limits);
  const own = submissions.length > maxPrefixSequences ? { ...call, prefix: undefined } : call;
  // one sequence has no others that its failure would cancel
  const failed = submissions.length > 1 ? new AbortController() : null;
  const signal = failed?.signal ?? call.signal;
  const stopListening = failed && onAbort(call.signal, () => failed.abort(call.signal.reason));
  const slice = createTimeSlice(signal);
  const { priority, group = call, onSequenceEnd: onEnd } = call;
  const runOne = (submission: Submission, index: number): Promise<Collected<T>> =>
    collectEvents(
      submitSequence(context, own, { ...submission, deadlineMs, signal, group, priority, onEnd }),
      collect(index, slice),
    );
  const running: Promise<Collected<T>>[] = [];
  try {
    for (const [index, submission] of submissions.entries()) {
      const run = runOne(submission, index);
      // a failure is handled once all have been submitted
      run.catch(() => {});
      running.push(run);
      if (slice.due()) await slice.next();
    }
    return await Promise.all(running);
  } catch (error) {
    // with this error as the reason: creating the default one costs more than refusing the request
    failed?.abort(error);
    // the lease must outlive every sequence
    await Promise.allSettled(running);
    throw error;
  } finally {
    stopListening?.();
  }
}

/** Collects a sequence's outputs: a single event where only the last step was requested. */
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
    throw new UnrollError(
      'invalid_request',
      `${field}: a stream takes a single sequence, was given ${sequences.length}`,
      {
        field,
      },
    );
  return sequences[0]!;
}

/**
 * The deadline of a call, on the clock of performance.now().
 * @throws UnrollError invalid_request for a timeout above the limit
 */
function computeDeadline({ timeoutMs }: Deadlines, limits: TaskLimits): number {
  if (timeoutMs !== undefined && timeoutMs > limits.maxTimeoutMs)
    throw new UnrollError('invalid_request', `timeout_ms: at most ${limits.maxTimeoutMs}, was ${timeoutMs}`, {
      field: 'timeout_ms',
    });
  return performance.now() + (timeoutMs ?? limits.timeoutMs);
}

/** The events of one sequence as they arrive. */
export function streamSequence(
  context: TaskContext,
  call: Call,
  submission: Submission,
): EventSource<SequenceEvent> {
  const { signal, priority, group = call, onSequenceEnd: onEnd } = call;
  const deadlineMs = computeDeadline(call, context.limits);
  const events = submitSequence(context, call, { ...submission, deadlineMs, signal, group, priority, onEnd });
  call.onSubmitted?.();
  return events;
}

/** Rows of an `outputs` event. values [steps, width] */
export const splitRows = ({ values, width, steps }: OutputsEvent): Float32Array[] =>
  Array.from({ length: steps }, (_, t) => values.subarray(t * width, (t + 1) * width));
