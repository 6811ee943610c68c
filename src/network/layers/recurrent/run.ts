import type { CompiledDirection, CompiledRecurrent } from './compiled.ts';
import { padded } from '../../../kernel/layout.ts';
import { unitsBlock } from '../../state.ts';
import type { CompiledEmbedding } from '../embedding/run.ts';
import { activeRows, type Plan } from '../layer.ts';
import type { PlaceContext, StepLayerRun } from '../layer-run.ts';
import { runBackward, runForward, type DirectionPlace } from './run-direction.ts';

interface RecurrentPlace {
  readonly forward: DirectionPlace;
  readonly backward: DirectionPlace | null;
  /** The layer's rows: the merge of both directions, or the forward one's. */
  readonly y: number;
}

/**
 * Rows whose input projections are computed at a time: few enough that they are still in the cache when they
 * are used.
 */
const projectedRows = 96;
const preRowsFor = (maxRows: number): number => Math.max(projectedRows, maxRows);

export const run: StepLayerRun<CompiledRecurrent, RecurrentPlace> = {
  acrossSteps: true,
  scratch: ({ columns, scratchBytesPerRow }, { maxRows }) => ({
    projections: preRowsFor(maxRows) * columns,
    sweep: (maxRows * scratchBytesPerRow) / 4,
  }),
  skipsInput: ({ forward }) => forward.table !== null,

  place(recurrent, context) {
    const { y, rows, maxPacked } = context;
    const { forward, backward, units } = recurrent;
    if (!backward) return { forward: placeDirection(recurrent, forward, y, context), backward: null, y };
    const place = (direction: CompiledDirection): DirectionPlace =>
      placeDirection(recurrent, direction, rows(maxPacked, units), context);
    return { forward: place(forward), backward: place(backward), y };
  },

  create(recurrent, context, { forward, backward, y }) {
    const width = padded(recurrent.units);
    if (!recurrent.backward || !backward)
      return ({ plan }) => {
        runForward(recurrent, context, plan, forward);
        storeLastRows(context.floats(), plan, { y: forward.y / 4, h: forward.h / 4, width });
      };
    const direction = recurrent.backward;
    const merge = context.functions[recurrent.merge!]!;
    return ({ plan }) => {
      runForward(recurrent, context, plan, forward);
      runBackward(recurrent, direction, context, plan, backward);
      if (recurrent.mergeAtFirstStep) repeatFirstRows(context.floats(), plan, { y: backward.y / 4, width });
      merge(forward.y, backward.y, y, plan.offsets[plan.steps]!);
    };
  },
};

function placeDirection(
  { units, hasCellState }: CompiledRecurrent,
  { table, initialH, initialC }: CompiledDirection,
  y: number,
  { x, xWidth, ids, before, maxRows, maxPacked, causal, keptFloats, keep, scratch }: PlaceContext,
): DirectionPlace {
  const stateRows = (name: string, first: number | null): number =>
    keep(unitsBlock(name, keptFloats(maxRows * padded(units)), units, { kept: causal, first }));
  const idsAt = (): number => ids + (before as CompiledEmbedding).first * maxPacked * 4;
  return {
    x: table === null ? x : idsAt(),
    xStride: table === null ? padded(xWidth) * 4 : 4,
    y,
    h: stateRows('h', initialH),
    c: hasCellState ? stateRows('c', initialC) : 0,
    pre: scratch('projections'),
    preRows: preRowsFor(maxRows),
    scratch: scratch('sweep'),
  };
}

/** y(t) ← y(0), sequence by sequence. */
function repeatFirstRows(values: Float32Array, plan: Plan, { y, width }: { y: number; width: number }): void {
  for (let t = 1; t < plan.steps; t++)
    values.copyWithin(y + plan.offsets[t]! * width, y, y + activeRows(plan, t) * width);
}

/**
 * h ← the last row of each sequence in y. Sequences of equal length have contiguous last rows, which are
 * copied together.
 */
function storeLastRows(
  values: Float32Array,
  plan: Plan,
  { y, h, width }: { y: number; h: number; width: number },
): void {
  for (let t = 0; t < plan.steps; t++) {
    const from = t + 1 < plan.steps ? activeRows(plan, t + 1) : 0;
    const to = activeRows(plan, t);
    if (to > from) {
      const start = y + (plan.offsets[t]! + from) * width;
      values.copyWithin(h + from * width, start, start + (to - from) * width);
    }
  }
}
