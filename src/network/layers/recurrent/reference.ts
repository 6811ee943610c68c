import type { RecurrentNode } from './recurrent-node.ts';
import { referenceStep, zeroState, type CellState, type CellWeights } from '../../../cells/reference-step.ts';
import { findCell } from '../../../cells/registry.ts';
import type { DirectionTensors } from '../../../cells/weights.ts';
import { merge } from '../../../kernel/reference/merge.ts';
import type { Rows } from '../layer-kind.ts';
import { getCellOptions, type Direction } from '../../../cells/recurrent-options.ts';
import type { RecurrentSpec } from './schema.ts';

type Tensor = (name: string) => Float32Array;

/** One level of a recurrent layer in float64. */
export function referenceRecurrent(node: RecurrentNode, x: Rows, tensor: Tensor): Rows {
  const { layer, mergeAtFirstStep } = node;
  const { forward, backward } = node.tensors;
  const f = sweep(layer, { names: forward, direction: 'forward' }, x, tensor);
  if (!backward) return f;
  const b = sweep(layer, { names: backward, direction: 'backward' }, x.toReversed(), tensor).toReversed();
  return f.map((row, t) => merge(row, b[mergeAtFirstStep ? 0 : t]!, layer.merge));
}

/** Runs a cell over all steps from the layer's initial state. */
function sweep(
  layer: RecurrentSpec,
  { names, direction }: { names: DirectionTensors; direction: Direction },
  x: Rows,
  tensor: Tensor,
): Rows {
  const optional = (name: string | undefined): Float32Array | undefined =>
    name === undefined ? undefined : tensor(name);
  const weights: CellWeights = {
    weightIh: tensor(names.weightIh),
    biasIh: tensor(names.biasIh),
    weightHh: optional(names.weightHh),
    biasHh: optional(names.biasHh),
    peephole: optional(names.peephole),
  };
  const step = referenceStep(findCell(layer));
  const options = getCellOptions(layer, direction);
  const zero = zeroState(layer.units);
  let state: CellState = {
    h: names.initialH ? Float64Array.from(tensor(names.initialH)) : zero.h,
    c: names.initialC ? Float64Array.from(tensor(names.initialC)) : zero.c,
  };
  return x.map((row) => {
    state = step(weights, row, state, options);
    return state.h;
  });
}
