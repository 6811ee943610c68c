import type { Runner } from '../../network/runner.ts';
import type { OutputsEvent } from '../channel/messages.ts';
import { bestOutputs, bestWidth } from './best-outputs.ts';
import type { Slot } from './slot.ts';

/** Numbers that a slot reports of a step. */
export function reportedWidth(
  { outputKind, sequence: { generation, steps, output, inside } }: Slot,
  { hiddenWidth, outputWidth }: Pick<Runner, 'hiddenWidth' | 'outputWidth'>,
): number {
  const width = output === 'best' ? bestWidth : outputKind === 'hidden' ? hiddenWidth : outputWidth;
  return (generation || steps === 'last' ? 0 : width) + (inside?.plan.width ?? 0);
}

/** The event of a slot's last outputs. @param steps that ran in this tick @param values [outputs, width], a view */
export function toOutputsEvent(
  { sequence, stepsRun }: Slot,
  steps: number,
  values: Float32Array,
): OutputsEvent {
  const count = sequence.steps === 'every' ? steps : 1;
  const width = values.length / count;
  const head = { kind: 'outputs', first: stepsRun - count, steps: count } as const;
  return sequence.output === 'best'
    ? { ...head, width: bestWidth, values: bestOutputs(values, width) }
    : { ...head, width, values: values.slice() };
}
