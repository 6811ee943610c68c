import type { CompiledDirection, CompiledRecurrent } from './compiled.ts';
import { padded } from '../../../kernel/layout.ts';
import type { Direction } from '../../inside.ts';
import { unitsBlock } from '../../state.ts';
import type { CompiledEmbedding } from '../embedding/run.ts';
import { activeRows, type Plan } from '../layer.ts';
import type { PlaceContext, StepLayerRun } from '../layer-run.ts';
import { createObserve, observedFloats, placeObserved, type ObservedDirection } from './observe.ts';
import { runBackward, runForward, type Observe } from './run-direction.ts';

export interface RecurrentPlace {
  readonly forward: ObservedDirection;
  readonly backward: ObservedDirection | null;
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
  scratch: (recurrent, { maxRows }) => ({
    projections: preRowsFor(maxRows) * recurrent.columns,
    sweep: (maxRows * recurrent.scratchBytesPerRow) / 4,
    quantised: recurrent.projectionScratchBytes / 4,
    observed: observedFloats(recurrent),
  }),
  skipsInput: ({ forward }) => forward.table !== null,

  place(recurrent, context) {
    const { y, rows, maxPacked } = context;
    const { forward, backward, units } = recurrent;
    if (!backward) return { forward: placeDirection(recurrent, forward, y, context), backward: null, y };
    const place = (direction: CompiledDirection): ObservedDirection =>
      placeDirection(recurrent, direction, rows(maxPacked, units), context);
    return { forward: place(forward), backward: place(backward), y };
  },

  create(recurrent, context, { forward, backward, y }) {
    const width = padded(recurrent.units);
    if (!recurrent.backward || !backward)
      return (tick) => {
        const { plan } = tick;
        const observe = createObserve(recurrent, 'forward', context, tick, forward);
        runForward(recurrent, context, plan, forward, observe);
        storeLastRows(context.floats(), plan, { y: forward.y / 4, h: forward.h / 4, width });
      };
    const direction = recurrent.backward;
    const merge = context.functions[recurrent.merge!]!;
    return (tick) => {
      const { plan } = tick;
      const observe = (name: Direction, place: ObservedDirection): Observe | null =>
        createObserve(recurrent, name, context, tick, place);
      runForward(recurrent, context, plan, forward, observe('forward', forward));
      runBackward(recurrent, direction, context, plan, backward, observe('backward', backward));
      if (recurrent.mergeAtFirstStep) repeatFirstRows(context.floats(), plan, { y: backward.y / 4, width });
      merge(forward.y, backward.y, y, plan.offsets[plan.steps]!);
    };
  },
};

function placeDirection(
  recurrent: CompiledRecurrent,
  { table, initialH, initialC }: CompiledDirection,
  y: number,
  { index, x, xWidth, ids, before, maxRows, maxPacked, causal, keptFloats, keep, scratch }: PlaceContext,
): ObservedDirection {
  const { units, hasCellState } = recurrent;
  const stateRows = (name: string, first: number | null): number =>
    keep(unitsBlock(name, keptFloats(maxRows * padded(units)), units, { kept: causal, first }));
  const idsAt = (): number => ids + (before as CompiledEmbedding).first * maxPacked * 4;
  return {
    node: index,
    x: table === null ? x : idsAt(),
    xStride: table === null ? padded(xWidth) * 4 : 4,
    y,
    h: stateRows('h', initialH),
    c: hasCellState ? stateRows('c', initialC) : 0,
    pre: scratch('projections'),
    preRows: preRowsFor(maxRows),
    quantised: scratch('quantised'),
    scratch: scratch('sweep'),
    observed: placeObserved(recurrent, scratch('observed')),
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
