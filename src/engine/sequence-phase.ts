// The life of a sequence as a state machine. Every change of phase goes through `advancePhase`, so that a sequence cannot
// be queued after it has ended, or started twice.

/**
 * - `created`: submitted, not yet admitted
 * - `queued`: waits for a worker
 * - `running`: a worker has it, in a slot or next in line for one
 * - `paused`: its reader is behind; it takes no slot until the reader has caught up
 * - `ended`: answered, failed, refused or cancelled
 */
export type Phase = 'created' | 'queued' | 'running' | 'paused' | 'ended';

/**
 * - `enqueue`: it was admitted
 * - `start`: it was sent to a worker
 * - `requeue`: its worker gave it back for others, or died
 * - `pause`: its worker gave it back and its reader is behind
 * - `resume`: its reader has caught up
 * - `end`: nothing more is delivered
 */
export type PhaseChange = 'enqueue' | 'start' | 'requeue' | 'pause' | 'resume' | 'end';

const changes: Readonly<Record<Phase, Readonly<Partial<Record<PhaseChange, Phase>>>>> = {
  created: { enqueue: 'queued', end: 'ended' },
  queued: { start: 'running', end: 'ended' },
  running: { requeue: 'queued', pause: 'paused', end: 'ended' },
  paused: { resume: 'queued', end: 'ended' },
  ended: {},
};

/** @throws Error for a change that the phase does not allow: a fault of the engine, never of a caller */
export function advancePhase(sequence: { phase: Phase }, change: PhaseChange): void {
  const next = changes[sequence.phase][change];
  if (next === undefined) throw new Error(`a sequence that is ${sequence.phase} cannot ${change}`);
  sequence.phase = next;
}
