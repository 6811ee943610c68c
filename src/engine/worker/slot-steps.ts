import { outputsBytes } from '../flow-control.ts';
import type { Runner } from '../../network/runner.ts';
import { reportedWidth } from './reported-outputs.ts';
import type { Slot } from './slot.ts';

// What a row can run in a tick, and what comes of it.

export const isGenerating = ({ stepsFed, inputSteps }: Slot): boolean => stepsFed === inputSteps;

/**
 * Steps that a row can run now. Limits what it reports of them to `outputsBytes`, or to one step if that is
 * more.
 */
export function countRunnableSteps(slot: Slot, runner: Runner): number {
  if (isGenerating(slot)) return 1;
  const unfed = slot.inputSteps - slot.stepsFed;
  const reported = reportedWidth(slot, runner);
  if (!runner.causal || reported === 0) return unfed;
  return Math.min(unfed, Math.max(1, Math.floor(outputsBytes / (4 * reported))));
}

/** Whether running `steps` steps produces an output that the sequence requested. */
export const producesOutput = ({ sequence, stepsFed, inputSteps }: Slot, steps: number): boolean =>
  (sequence.steps === 'every' && !sequence.generation) || stepsFed + steps >= inputSteps;
