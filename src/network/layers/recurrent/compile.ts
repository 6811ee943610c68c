import type { CompiledDirection, CompiledRecurrent, GateColumns } from './compiled.ts';
import type { CellPhase } from '../../../cells/cell.ts';
import { findCell } from '../../../cells/registry.ts';
import { toObservedCell, toSweepCell } from '../../../cells/sweep.ts';
import { combineBiases, type DirectionTensors } from '../../../cells/weights.ts';
import { emitLinear, linearScratch } from '../../../kernel/emit/linear.ts';
import { emitMerge } from '../../../kernel/emit/merge.ts';
import { emitConcat, emitGather } from '../../../kernel/emit/rows.ts';
import { countPanels, padded, panelWidth } from '../../../kernel/layout.ts';
import { emitSweep, sweepScratch } from '../../../kernel/emit/sweep.ts';
import { inputOrder, packByGroup, packVector, productOrder } from '../../../kernel/pack.ts';
import type { KernelFunctions } from '../../../kernel/instantiate.ts';
import type { CompileContext } from '../layer.ts';
import { placeProduct } from '../place-product.ts';
import { getCellOptions, type Direction } from '../../../cells/recurrent-options.ts';
import type { RecurrentSpec } from './schema.ts';

/**
 * @param tableVocabulary of the embedding right before this layer when its projections are to be looked up
 */
export function compileRecurrent(
  layer: RecurrentSpec,
  directions: { forward: DirectionTensors; backward: DirectionTensors | null },
  { tableVocabulary, mergeAtFirstStep }: { tableVocabulary: number | null; mergeAtFirstStep: boolean },
  context: CompileContext,
): CompiledRecurrent {
  const { units, merge } = layer;
  const cell = findCell(layer);
  // both directions have the same gates in the same order: options change what a phase computes, not its
  // gates
  const sweepCell = toSweepCell(cell, getCellOptions(layer, 'forward'));
  const order = inputOrder(sweepCell, units);
  const recurrentOrder = productOrder(sweepCell, units);
  const inner = context.inputWidths[0]!;
  const { e, observer, place, placeUntilFilled, tensor, precision } = context;
  // what is looked up is no product: a table is filled with float32 weights
  const projection = {
    inner,
    columns: order.length,
    precision: tableVocabulary === null ? precision : ('float32' as const),
  };

  const projectionContext = {
    place: tableVocabulary === null ? place : placeUntilFilled,
    precision: projection.precision,
  };

  const placeState = (name: string | undefined): number | null =>
    name === undefined ? null : place(padded(units), (row) => row.set(tensor(name)));

  const compileDirection = (names: DirectionTensors, direction: Direction): CompiledDirection => {
    const options = getCellOptions(layer, direction);
    const own = { ...toSweepCell(cell, options), precision };
    const optional = (name: string | undefined): Float32Array =>
      name === undefined ? new Float32Array(0) : tensor(name);
    const { combined, separate } = combineBiases(cell, units, tensor(names.biasIh), optional(names.biasHh));
    return {
      projection: emitLinear(e, projection),
      sweep: emitSweep(e, own, units),
      observe: observer && emitSweep(observer, { ...toObservedCell(cell, options), precision }, units),
      gather: emitGather(e, order.length),
      weightIh: placeProduct(projectionContext, tensor(names.weightIh), {
        inner,
        order,
        name: names.weightIh,
      }),
      weightHh: placeProduct(context, optional(names.weightHh), {
        inner: units,
        order: recurrentOrder,
        name: names.weightHh ?? '',
      }),
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
    scratchBytesPerRow: sweepScratch({ ...sweepCell, precision }, units, 1),
    projectionScratchBytes: linearScratch(projection),
    gates: cell.gates.length === 1 ? [] : locateGates(cell.phases(getCellOptions(layer, 'forward')), units),
    forward: compileDirection(directions.forward, 'forward'),
    backward: directions.backward && compileDirection(directions.backward, 'backward'),
    mergeAtFirstStep,
    merge: directions.backward
      ? merge === 'concat'
        ? emitConcat(e, [units, units])
        : emitMerge(e, merge, units)
      : null,
  };
}

/** The columns of every gate, in the order of `inputOrder`: by phase, then group of 16 units, then gate. */
function locateGates(phases: readonly Pick<CellPhase, 'gates'>[], units: number): GateColumns[] {
  let next = 0;
  return phases.flatMap(({ gates }) => {
    const first = next;
    const stride = gates.length * panelWidth;
    next += countPanels(units) * stride;
    return gates.map((name, index) => ({ name, first: first + index * panelWidth, stride }));
  });
}

/**
 * Fills the token tables: every row goes through the projection it replaces, so that its bits are the same.
 */
export function fillTables(
  recurrent: CompiledRecurrent,
  functions: KernelFunctions,
  embedding: { readonly table: number; readonly vocabulary: number },
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
