import type { Delivery } from './delivery.ts';
import type { SequenceRequest } from './engine-interface.ts';
import { windowBytes } from './flow-control.ts';
import type { Resume, StartMessage } from './channel/messages.ts';
import type { NetworkLoad, StepCount } from './network-load.ts';
import type { Phase } from './sequence-phase.ts';

/** What the engine knows of one sequence, from its admission to its end. */
export interface Sequence {
  readonly id: number;
  readonly network: number;
  readonly request: SequenceRequest;
  readonly delivery: Delivery;
  readonly submitted: number;
  readonly load: NetworkLoad;
  readonly steps: StepCount;
  phase: Phase;
  /** Steps known to have run. */
  stepsRun: number;
  /** Bytes that its reader has taken and that its worker has not been granted again. */
  ungrantedBytes: number;
  resume: Resume | null;
  workerCrashes: number;
  /** Stops the deadline and the signal. */
  stopWatching: () => void;
}

export function createSequence(
  id: number,
  request: SequenceRequest,
  parts: Pick<Sequence, 'delivery' | 'load' | 'steps'>,
): Sequence {
  return {
    ...parts,
    id,
    network: request.network.id,
    request,
    submitted: performance.now(),
    phase: 'created',
    stepsRun: 0,
    ungrantedBytes: 0,
    resume: null,
    workerCrashes: 0,
    stopWatching: () => {},
  };
}

/** @param steps steps known to have run in all */
export function recordSteps(sequence: Sequence, steps: number): void {
  if (steps <= sequence.stepsRun) return;
  sequence.load.recordProgress(sequence.steps, steps - sequence.stepsRun);
  sequence.stepsRun = steps;
}

/** What its worker is sent: what is left of its input, and where it stands. */
export function createStartMessage({ id, network, resume, delivery, request }: Sequence): StartMessage {
  const { input, steps, output, generation, decode, network: handle } = request;
  const fed = (resume?.step ?? 0) * Math.max(1, handle.info.inputWidth, handle.info.idColumns.length);
  return {
    kind: 'start',
    sequence: id,
    network,
    input: fed === 0 ? input : input.subarray(fed),
    steps,
    output,
    generation: generation ?? null,
    decode: decode ?? null,
    resume,
    windowBytes: windowBytes - delivery.unreadBytes,
    alreadyDelivered: generation || decode ? delivery.delivered.tokens : delivery.delivered.steps,
  };
}
