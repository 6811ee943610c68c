// The phases of a sequence as a state machine. Every transition goes through `advancePhase`, so that a
// sequence cannot be queued after it has ended, or be started twice.

/**
 * - `created`: submitted, not yet admitted
 * - `queued`: waits for a worker
 * - `running`: a worker has it, in a slot or in its queue
 * - `paused`: its reader is behind; it has no slot until the reader has caught up
 * - `ended`: completed, failed, rejected or cancelled
 */
export type Phase = 'created' | 'queued' | 'running' | 'paused' | 'ended';

/**
 * - `enqueue`: it was admitted
 * - `start`: it was sent to a worker
 * - `requeue`: its worker preempted it for others, or crashed
 * - `pause`: its worker preempted it because its reader is behind
 * - `resume`: its reader has caught up
 * - `end`: nothing more is delivered
 */
export type PhaseChange = 'enqueue' | 'start' | 'requeue' | 'pause' | 'resume' | 'end';

const transitions: Readonly<Record<Phase, Readonly<Partial<Record<PhaseChange, Phase>>>>> = {
  created: { enqueue: 'queued', end: 'ended' },
  queued: { start: 'running', end: 'ended' },
  running: { requeue: 'queued', pause: 'paused', end: 'ended' },
  paused: { resume: 'queued', end: 'ended' },
  ended: {},
};

/**
 * Changes a sequence's phase.
 * @throws Error for a transition that is not allowed, which is a fault of the engine
 */
export function advancePhase(sequence: { phase: Phase }, change: PhaseChange): void {
  const next = transitions[sequence.phase][change];
  if (next === undefined) throw new Error(`a sequence that is ${sequence.phase} cannot ${change}`);
  sequence.phase = next;
}
