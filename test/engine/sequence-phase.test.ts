import { describe, expect, it } from 'vitest';
import { advancePhase, type Phase, type PhaseChange } from '../../src/engine/sequence-phase.ts';

const phases: Phase[] = ['created', 'queued', 'running', 'paused', 'ended'];
const changes: PhaseChange[] = ['enqueue', 'start', 'requeue', 'pause', 'resume', 'end'];
/** The allowed transitions; every other pair must throw. */
const allowed: Record<string, Phase> = {
  'created enqueue': 'queued',
  'created end': 'ended',
  'queued start': 'running',
  'queued end': 'ended',
  'running requeue': 'queued',
  'running pause': 'paused',
  'running end': 'ended',
  'paused resume': 'queued',
  'paused end': 'ended',
};

describe('the phases of a sequence', () => {
  it.each(phases.flatMap((phase) => changes.map((change) => [phase, change] as const)))(
    '%s, %s',
    (phase, change) => {
      const sequence = { phase };
      const next = allowed[`${phase} ${change}`];
      if (next) {
        advancePhase(sequence, change);
        expect(sequence.phase).toBe(next);
      } else {
        expect(() => advancePhase(sequence, change)).toThrow(`${phase} cannot ${change}`);
        expect(sequence.phase).toBe(phase);
      }
    },
  );
});
