import { findCell } from '../../cells/registry.ts';
import { toSweepCell } from '../../cells/sweep.ts';
import { combineBiases, type DirectionTensors } from '../../cells/weights.ts';
import { emitGather } from '../../kernel/emit/rows.ts';
import { emitLinear } from '../../kernel/emit/linear.ts';
import { emitMerge } from '../../kernel/emit/merge.ts';
import { emitConcat } from '../../kernel/emit/rows.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import { emitSweep, sweepScratch } from '../../kernel/emit/sweep.ts';
import { inputOrder, packByGroup, packMatrix, packVector, productOrder } from '../../kernel/pack.ts';
import type { KernelFunctions } from '../../kernel/instantiate.ts';
import type { RecurrentSpec } from '../spec.ts';
import { cellOptionsOf, type Direction } from '../../cells/recurrent-options.ts';
import { activeRows, type CompileContext, type Plan, type RunContext } from './layer.ts';

/** Input projections of one direction, and its sweep over time. */
export interface DirectionProgram {
  readonly projection: string;
  readonly sweep: string;
  readonly weightIh: number;
  readonly bias: number;
  readonly weightHh: number;
  /** Vectors that the cell reads by unit: recurrent biases that stay separate, then peephole weights. */
  readonly constants: number;
  /** Where a sequence starts [padded(units)], null at zero. */
  readonly initialH: number | null;
  readonly initialC: number | null;
  /** Token → input projection, bias included, filled once at load; then `projection` is not run. */
  readonly table: number | null;
  readonly gather: string;
}

export interface RecurrentProgram {
  readonly kind: 'recurrent';
  readonly units: number;
  /** float32 of one row's input projection. */
  readonly columns: number;
  readonly hasCellState: boolean;
  readonly scratchBytesPerRow: number;
  readonly forward: DirectionProgram;
  readonly backward: DirectionProgram | null;
  readonly merge: string | null;
  readonly concat: boolean;
  /** Merges with the backward output of the first step rather than each step's own. */
  readonly ends: boolean;
}

/** @param tableVocabulary of the embedding right before this layer when its projections are to be looked up */
export function compileRecurrent(
  layer: RecurrentSpec,
  directions: { forward: DirectionTensors; backward: DirectionTensors | null },
  { tableVocabulary, ends }: { tableVocabulary: number | null; ends: boolean },
  context: CompileContext,
): RecurrentProgram {
  const { units, merge } = layer;
  const cell = findCell(layer);
  // both directions have the same gates in the same order: options change what a phase computes, not its gates
  const sweepCell = toSweepCell(cell, cellOptionsOf(layer, 'forward'));
  const order = inputOrder(sweepCell, units);
  const recurrentOrder = productOrder(sweepCell, units);
  const inner = context.inputWidths[0]!;
  const { e, place, tensor } = context;

  const placeState = (name: string | undefined): number | null =>
    name === undefined ? null : place(padded(units), (row) => row.set(tensor(name)));

  const compileDirection = (names: DirectionTensors, direction: Direction): DirectionProgram => {
    const own = toSweepCell(cell, cellOptionsOf(layer, direction));
    const optional = (name: string | undefined): Float32Array =>
      name === undefined ? new Float32Array(0) : tensor(name);
    const { combined, separate } = combineBiases(cell, units, tensor(names.biasIh), optional(names.biasHh));
    return {
      projection: emitLinear(e, { inner, columns: order.length }),
      sweep: emitSweep(e, own, units),
      gather: emitGather(e, order.length),
      weightIh: place(order.length * inner, (packed) =>
        packMatrix(tensor(names.weightIh), inner, order, packed),
      ),
      weightHh: place(recurrentOrder.length * units, (packed) =>
        packMatrix(optional(names.weightHh), units, recurrentOrder, packed),
      ),
      bias: place(order.length, (packed) => packVector(combined, order, packed)),
      constants: place(padded(units) * own.constantPanels, (packed) => {
        const vectors = Float32Array.of(...separate, ...optional(names.peephole));
        packByGroup(vectors, vectors.length / units, units, packed);
      }),
      initialH: placeState(names.initialH),
      initialC: placeState(names.initialC),
      table: tableVocabulary === null ? null : place(tableVocabulary * order.length, () => {}),
    };
  };

  return {
    kind: 'recurrent',
    units,
    columns: order.length,
    hasCellState: cell.states.includes('c'),
    scratchBytesPerRow: sweepScratch(sweepCell, units, 1),
    forward: compileDirection(directions.forward, 'forward'),
    backward: directions.backward && compileDirection(directions.backward, 'backward'),
    concat: merge === 'concat',
    ends,
    merge: directions.backward
      ? merge === 'concat'
        ? emitConcat(e, [units, units])
        : emitMerge(e, merge, units)
      : null,
  };
}

/** Fills the token tables: every row goes through the projection it replaces, so that its bits are the same. */
export function fillTables(
  recurrent: RecurrentProgram,
  functions: KernelFunctions,
  embedding: { table: number; vocabulary: number },
): void {
  for (const direction of [recurrent.forward, recurrent.backward])
    if (direction && direction.table !== null)
      functions[direction.projection]!(
        embedding.table,
        direction.weightIh,
        direction.bias,
        direction.table,
        embedding.vocabulary,
      );
}

export interface DirectionPlace {
  /** Packed rows of the layer's input, or the packed ids when the projections are looked up. */
  readonly x: number;
  readonly xStride: number;
  readonly y: number;
  /** State rows [rows, padded(units)]: h before the first step; c in place. */
  readonly h: number;
  readonly c: number;
  readonly pre: number;
  /** Rows that `pre` holds. */
  readonly preRows: number;
  readonly scratch: number;
}

/** The last step of a run of at most `preRows` packed rows from step t on (at least one step). */
function chunkEnd(plan: Plan, from: number, preRows: number): number {
  let end = from + 1;
  while (end < plan.steps && plan.offsets[end + 1]! - plan.offsets[from]! <= preRows) end++;
  return end;
}

function project(
  direction: DirectionProgram,
  { functions }: RunContext,
  first: number,
  rows: number,
  at: DirectionPlace,
): void {
  const x = at.x + first * at.xStride;
  if (direction.table === null)
    functions[direction.projection]!(x, direction.weightIh, direction.bias, at.pre, rows);
  else functions[direction.gather]!(direction.table, x, at.pre, rows);
}

/** Forward in time. Reads h and c, and advances c; the caller takes the last h from y. */
export function runForward(
  recurrent: RecurrentProgram,
  context: RunContext,
  plan: Plan,
  at: DirectionPlace,
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
        (plan.turn + step) & 1,
      );
      h = at.y + plan.offsets[run - 1]! * stride;
      step = run;
    }
  }
}

/** Backward in time over whole sequences. h and c are at their start on entry; what they are afterwards has no meaning. */
export function runBackward(
  recurrent: RecurrentProgram,
  direction: DirectionProgram,
  context: RunContext,
  plan: Plan,
  at: DirectionPlace,
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
        (plan.turn + step) & 1,
      );
      // rows that start at an earlier step find their first h below these
      floats.copyWithin(at.h / 4, y / 4, y / 4 + rows * width);
    }
    end = start;
  }
}
