import type { Delivery, DoneEvent } from './delivery.ts';
import type { EvaluationRequest, SequenceRequest } from './engine-interface.ts';
import { windowBytes } from './flow-control.ts';
import type { EvaluateMessage, Resume, StartMessage } from './channel/messages.ts';
import { stepWidth } from './network-info.ts';
import type { NetworkLoad, StepCount } from './network-load.ts';
import type { Phase } from './sequence-phase.ts';

/** The engine's state of one sequence, from its admission to its end. */
export interface Sequence {
  readonly id: number;
  readonly network: number;
  readonly request: SequenceRequest | EvaluationRequest;
  readonly delivery: Delivery;
  /** Milliseconds on the clock of performance.now(). */
  readonly submittedAtMs: number;
  readonly load: NetworkLoad;
  readonly steps: StepCount;
  phase: Phase;
  /** Steps that are known to have run. */
  stepsRun: number;
  /** Bytes that its reader has read and that have not been granted to its worker. */
  ungrantedBytes: number;
  resume: Resume | null;
  /** Workers that crashed while they ran it. */
  workerCrashes: number;
  /** See DispatchedSequence. */
  worker: object | null;
  /** Stops watching the deadline and the abort signal. */
  stopWatching: () => void;
}

/** Creates a sequence that has not been queued. */
export function createSequence(
  id: number,
  request: Sequence['request'],
  parts: Pick<Sequence, 'delivery' | 'load' | 'steps'>,
): Sequence {
  return {
    ...parts,
    id,
    network: request.network.id,
    request,
    submittedAtMs: performance.now(),
    phase: 'created',
    stepsRun: 0,
    ungrantedBytes: 0,
    resume: null,
    workerCrashes: 0,
    worker: null,
    stopWatching: () => {},
  };
}

/** Records progress. @param steps total steps that are known to have run */
export function recordSteps(sequence: Sequence, steps: number): void {
  if (steps <= sequence.stepsRun) return;
  sequence.load.recordProgress(sequence.steps, steps - sequence.stepsRun);
  sequence.stepsRun = steps;
}

/** Delivers the last event, as the request makes it. */
export function deliverEnd(
  { request, delivery }: Pick<Sequence, 'request' | 'delivery'>,
  event: DoneEvent,
): void {
  try {
    delivery.done('finish' in request && request.finish ? request.finish(event) : event);
  } catch (error) {
    delivery.fail(error as Error);
  }
}

/** Creates the message that starts or continues a sequence: the rest of its input, and its state. */
export function createStartMessage({
  id,
  network,
  resume,
  delivery,
  request,
}: Sequence): StartMessage | EvaluateMessage {
  if ('inputs' in request) {
    const { inputs, outputs, maxOutputElements } = request;
    return { kind: 'evaluate', sequence: id, network, inputs, outputs, maxOutputElements };
  }
  const { input, steps, output, generation, decode, from, keepState, inside, network: handle } = request;
  const consumed = (resume?.step ?? 0) * stepWidth(handle.info);
  return {
    kind: 'start',
    sequence: id,
    network,
    input: consumed === 0 ? input : input.subarray(consumed),
    steps,
    output,
    generation: generation ?? null,
    decode: decode ?? null,
    from: from ?? null,
    keepState: keepState ?? false,
    resume,
    windowBytes: windowBytes - delivery.unreadBytes,
    alreadyDelivered: generation || decode ? delivery.delivered.tokens : delivery.delivered.steps,
    inside: inside && { plan: inside, delivered: delivery.delivered.insideSteps },
  };
}
