import { UnrollError } from '../../errors.ts';
import type { Evaluation, GraphEvaluator } from '../../network/signed-graph/graph-evaluator.ts';
import { TooLarge } from '../../operators/operand.ts';
import type { EvaluateMessage, SequenceReport } from '../channel/messages.ts';
import type { Batcher } from './batcher.ts';

// The evaluations of one graph in one worker: one at a time, in the order in which they came, some operators
// a tick, so that other networks run in between and a cancelled evaluation ends.

interface Running {
  readonly message: EvaluateMessage;
  readonly evaluation: Evaluation;
  readonly startedAtMs: number;
}

export interface EvaluationQueue extends Pick<
  Batcher,
  'cancel' | 'grant' | 'waiting' | 'active' | 'runnable' | 'tick'
> {
  add(message: EvaluateMessage): void;
}

/** @param now a monotonic clock in milliseconds @param tickMs after which a tick starts no other operator */
export function createEvaluationQueue(
  evaluator: GraphEvaluator,
  { now, tickMs }: { readonly now: () => number; readonly tickMs: number },
): EvaluationQueue {
  let queue: EvaluateMessage[] = [];
  let running: Running | null = null;

  /** Prepares the next evaluation and runs it for a tick. @returns its milliseconds where it has ended */
  function advance(emit: (report: SequenceReport) => void): number | null {
    const startedAtMs = now();
    if (!running) {
      const message = queue.shift()!;
      const { inputs, outputs, maxOutputElements } = message;
      running = {
        message,
        startedAtMs,
        evaluation: evaluator.start(inputs, outputs, maxOutputElements),
      };
    }
    const { message, evaluation } = running;
    if (!evaluation.advance(startedAtMs + tickMs)) return null;
    const runMs = now() - running.startedAtMs;
    running = null;
    emit({ kind: 'tensors', tensors: evaluation.outputs(message.outputs) });
    emit({ kind: 'done', finish: null, steps: 1, runMs, state: null });
    return runMs;
  }

  return {
    add: (message) => void queue.push(message),
    cancel(id) {
      queue = queue.filter(({ sequence }) => sequence !== id);
      if (running?.message.sequence === id) running = null;
    },
    /** An evaluation is reported once. */
    grant: () => {},
    get waiting() {
      return queue.length;
    },
    get active() {
      return running ? 1 : 0;
    },
    get runnable() {
      return running !== null || queue.length > 0;
    },
    tick(emit) {
      const { sequence } = running?.message ?? queue[0]!;
      try {
        const ms = advance((report) => emit(sequence, report));
        return ms === null ? null : { rows: 1, steps: 1, padding: 0, sequenceSteps: 1, ms };
      } catch (error) {
        running = null;
        emit(sequence, toFailure(error));
        return null;
      }
    },
  };
}

/** A caller chooses the shapes and values of the inputs, so what fails is due to them. */
function toFailure(error: unknown): SequenceReport {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof TooLarge)
    return { kind: 'failed', code: 'work_too_large', reason: `inputs: ${reason}` };
  if (error instanceof UnrollError && error.code !== 'invalid_model')
    return { kind: 'failed', code: error.code, reason };
  return { kind: 'failed', code: 'input_mismatch', reason: `inputs: ${reason}` };
}
