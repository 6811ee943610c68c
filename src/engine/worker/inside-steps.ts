import type { InsideRows } from '../../network/inside.ts';
import type { InsideEvent, InsideRequest } from '../channel/messages.ts';
import type { Slot } from './slot.ts';

// The inside values of the slots that ask for them, step by step.

/** Rows for the steps of a tick. @returns null where no slot asks */
export function createInsideRows(
  slots: readonly Slot[],
  steps: readonly number[],
): ReadonlyMap<number, InsideRows> | null {
  const rows = new Map<number, InsideRows>();
  steps.forEach((count, row) => {
    const { sequence, stepsRun } = slots[row]!;
    if (!sequence.inside || stepsRun + count <= firstWanted(sequence.inside)) return;
    const { plan } = sequence.inside;
    rows.set(row, { plan, values: new Float32Array(count * plan.width) });
  });
  return rows.size > 0 ? rows : null;
}

/** The event of a slot's rows, without the steps that are not wanted. @param first step of its rows */
export function toInsideEvent(
  request: InsideRequest,
  { plan, values }: InsideRows,
  first: number,
): InsideEvent {
  const { width } = plan;
  const from = Math.max(first, firstWanted(request));
  const wanted = values.subarray((from - first) * width);
  return { kind: 'inside', first: from, steps: wanted.length / width, width, values: wanted };
}

const firstWanted = ({ plan, delivered }: InsideRequest): number => Math.max(plan.firstStep, delivered);
