import { panelWidth, padded } from '../../../kernel/layout.ts';
import type { Direction, InsideColumn, InsidePart, InsideRows } from '../../inside.ts';
import { activeRows, type RunContext } from '../layer.ts';
import type { Tick } from '../layer-run.ts';
import type { CompiledDirection, CompiledRecurrent, GateColumns } from './compiled.ts';
import type { DirectionPlace, Observe } from './run-direction.ts';

// Inside values of the rows that ask for them. Such a row runs twice: first alone, by the sweep that leaves the
// gates' values where its input projections were, on copies; then with the batch, as ever. Both have the same
// bits, since a row's bits do not depend on its batch.

/** A direction whose values can be observed. */
export interface ObservedDirection extends DirectionPlace {
  /** The layer's node. */
  readonly node: number;
  readonly observed: ObservedPlace;
}

/** Rows of one sequence's copies: projections [columns]; h before and after a step, and c [padded(units)]. */
interface ObservedPlace {
  readonly pre: number;
  readonly h: number;
  readonly y: number;
  readonly c: number;
}

export const observedFloats = ({ columns, units }: Pick<CompiledRecurrent, 'columns' | 'units'>): number =>
  columns + 3 * padded(units);

export function placeObserved(
  { columns, units }: Pick<CompiledRecurrent, 'columns' | 'units'>,
  address: number,
): ObservedPlace {
  const h = address + columns * 4;
  const bytes = padded(units) * 4;
  return { pre: address, h, y: h + bytes, c: h + 2 * bytes };
}

/** @returns null where no row of the tick asks for values of this direction */
export function createObserve(
  recurrent: CompiledRecurrent,
  name: Direction,
  context: RunContext,
  { plan, inside }: Tick,
  at: ObservedDirection,
): Observe | null {
  if (inside === null) return null;
  const observed = [...inside.rows].flatMap(([row, rows]) => {
    const part = rows.plan.parts.find(({ layer, direction }) => layer.node === at.node && direction === name);
    return part ? [{ row, part, rows }] : [];
  });
  if (observed.length === 0) return null;
  const direction = recurrent[name]!;
  const functions = inside.functions();
  const { columns, units, hasCellState } = recurrent;
  const width = padded(units);
  const floats = context.floats();
  const copy = (to: number, from: number, count: number): void =>
    void floats.copyWithin(to / 4, from / 4, from / 4 + count);
  const sweep = functions[direction.observe!]!;

  return ({ from, to, first, h }) => {
    const stride = to < from ? -1 : 1;
    for (const { row, part, rows } of observed) {
      let { h: before, y: after } = at.observed;
      copy(before, h + row * width * 4, width);
      if (hasCellState) copy(at.observed.c, at.c + row * width * 4, width);
      for (let t = from; t !== to + stride; t += stride) {
        if (row >= activeRows(plan, t)) continue;
        copy(at.observed.pre, at.pre + (plan.offsets[t]! + row - first) * columns * 4, columns);
        runObserved(sweep, direction, at, { before, after });
        writeRow(floats, recurrent.gates, { ...at.observed, h: after }, part, rows, t);
        [before, after] = [after, before];
      }
    }
  };
}

function runObserved(
  sweep: (...parameters: number[]) => void,
  { weightHh, constants }: CompiledDirection,
  { observed: { pre, c }, scratch }: ObservedDirection,
  { before, after }: { before: number; after: number },
): void {
  sweep(pre, before, after, c, weightHh, constants, scratch, 1, 1, 0);
}

/** Copies the values of one step to its row. */
function writeRow(
  floats: Float32Array,
  gates: readonly GateColumns[],
  { pre, h, c }: Pick<ObservedPlace, 'pre' | 'h' | 'c'>,
  { columns, units, count, at }: InsidePart,
  { plan, values }: InsideRows,
  step: number,
): void {
  const address = ({ kind, gate }: InsideColumn, unit: number): number => {
    if (kind === 'hidden') return h / 4 + unit;
    if (kind === 'cell') return c / 4 + unit;
    const { first, stride } = gates[gate]!;
    return pre / 4 + first + Math.floor(unit / panelWidth) * stride + (unit % panelWidth);
  };
  let to = step * plan.width + at;
  for (const column of columns)
    for (let i = 0; i < count; i++) values[to++] = floats[address(column, units ? units[i]! : i)]!;
}
