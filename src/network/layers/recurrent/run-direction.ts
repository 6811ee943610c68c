import type { CompiledDirection, CompiledRecurrent } from './compiled.ts';
import { padded } from '../../../kernel/layout.ts';
import { activeRows, type Plan, type RunContext } from '../layer.ts';

// One direction of a recurrent layer over the steps of a tick: input projections of some rows at a time, then
// the sweep over them.

export interface DirectionPlace {
  /** Packed rows of the layer's input, or the packed ids when the projections are looked up. */
  readonly x: number;
  readonly xStride: number;
  readonly y: number;
  /** State rows [rows, padded(units)]: h before the first step; c in place. */
  readonly h: number;
  readonly c: number;
  readonly pre: number;
  /** Rows of `pre`. */
  readonly preRows: number;
  /** Scratch of the projection. */
  readonly quantised: number;
  readonly scratch: number;
}

/** Steps whose input projections have been computed and that have not run. */
interface ProjectedSteps {
  /** In the order of reading: from … to, both included. */
  readonly from: number;
  readonly to: number;
  /** Packed index of the first projected row. */
  readonly first: number;
  /** Rows of h before the step `from`. */
  readonly h: number;
}

/** Called before each of them. */
export type Observe = (steps: ProjectedSteps) => void;

/** The last step of a run of at most `preRows` packed rows from step t on (at least one step). */
function chunkEnd(plan: Plan, from: number, preRows: number): number {
  let end = from + 1;
  while (end < plan.steps && plan.offsets[end + 1]! - plan.offsets[from]! <= preRows) end++;
  return end;
}

function project(
  direction: CompiledDirection,
  { functions }: RunContext,
  first: number,
  rows: number,
  at: DirectionPlace,
): void {
  const x = at.x + first * at.xStride;
  if (direction.table === null)
    functions[direction.projection]!(x, direction.weightIh, direction.bias, at.pre, rows, at.quantised);
  else functions[direction.gather]!(direction.table, x, at.pre, rows);
}

/** Forward in time. Reads h and c, and advances c; the caller takes the last h from y. */
export function runForward(
  recurrent: CompiledRecurrent,
  context: RunContext,
  plan: Plan,
  at: DirectionPlace,
  observe: Observe | null = null,
): void {
  const { forward: direction, columns, units } = recurrent;
  const stride = padded(units) * 4;
  const sweep = context.functions[direction.sweep]!;
  let h = at.h;
  let step = 0;
  while (step < plan.steps) {
    const first = plan.offsets[step]!;
    const end = chunkEnd(plan, step, at.preRows);
    project(direction, context, first, plan.offsets[end]! - first, at);
    observe?.({ from: step, to: end - 1, first, h });
    while (step < end) {
      const rows = activeRows(plan, step);
      let run = step + 1;
      while (run < end && activeRows(plan, run) === rows) run++;
      const pre = at.pre + (plan.offsets[step]! - first) * columns * 4;
      const y = at.y + plan.offsets[step]! * stride;
      sweep(
        pre,
        h,
        y,
        at.c,
        direction.weightHh,
        direction.constants,
        at.scratch,
        rows,
        run - step,
        (plan.parity + step) & 1,
      );
      h = at.y + plan.offsets[run - 1]! * stride;
      step = run;
    }
  }
}

/**
 * Backward in time over whole sequences. On entry h and c have the initial state; afterwards they have no
 * meaning.
 */
export function runBackward(
  recurrent: CompiledRecurrent,
  direction: CompiledDirection,
  context: RunContext,
  plan: Plan,
  at: DirectionPlace,
  observe: Observe | null = null,
): void {
  const { columns, units } = recurrent;
  const floats = context.floats();
  const width = padded(units);
  const sweep = context.functions[direction.sweep]!;
  let end = plan.steps;
  while (end > 0) {
    let start = end - 1;
    while (start > 0 && plan.offsets[end]! - plan.offsets[start - 1]! <= at.preRows) start--;
    const first = plan.offsets[start]!;
    project(direction, context, first, plan.offsets[end]! - first, at);
    observe?.({ from: end - 1, to: start, first, h: at.h });
    for (let step = end - 1; step >= start; step--) {
      const y = at.y + plan.offsets[step]! * width * 4;
      const pre = at.pre + (plan.offsets[step]! - first) * columns * 4;
      const rows = activeRows(plan, step);
      sweep(
        pre,
        at.h,
        y,
        at.c,
        direction.weightHh,
        direction.constants,
        at.scratch,
        rows,
        1,
        (plan.parity + step) & 1,
      );
      // rows that start at an earlier step find their first h below these
      floats.copyWithin(at.h / 4, y / 4, y / 4 + rows * width);
    }
    end = start;
  }
}
