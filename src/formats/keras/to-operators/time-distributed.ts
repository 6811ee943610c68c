import { invalidModel } from '../../format-errors.ts';
import type { GraphBuilder, GraphTensor, Mask } from './graph-builder.ts';
import { isKeras3 } from '../version.ts';
import { emitAny } from './masks.ts';

// TimeDistributed: a layer or model that reads every step by itself runs over a batch of all steps.

/** Joins the batch and the steps: [batch, steps, …] to [batch · steps, …]. */
export function foldSteps(x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { shape, mask, input } = x;
  return {
    value: emitFold(x.value, graph),
    shape: shape.slice(1),
    // a mask of the steps themselves is not the concern of what runs at each of them
    mask: mask && mask.rank > 1 ? { value: emitFold(mask.value, graph), rank: mask.rank - 1 } : null,
    ...(input !== undefined && { input }),
  };
}

/** Separates the outputs' batch into that of `x` and its steps. */
export const unfoldSteps = (
  x: GraphTensor,
  outputs: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] =>
  outputs.map(({ value, shape, mask }) => ({
    value: emitUnfold(value, x, graph),
    shape: [x.shape[0]!, ...shape],
    mask: mask
      ? { value: emitUnfold(mask.value, x, graph), rank: mask.rank + 1 }
      : isKeras3(graph)
        ? (x.mask ?? null)
        : emitOuterMask(x.mask ?? null, graph),
  }));

/** The mask of the steps: those of which anything is not masked. */
function emitOuterMask(mask: Mask | null, graph: GraphBuilder): Mask | null {
  if (!mask) return null;
  let { value } = mask;
  for (let axis = mask.rank; axis > 1; axis--) value = emitAny(value, axis, graph);
  return { value, rank: 1 };
}

function emitFold(value: string, graph: GraphBuilder): string {
  const rest = graph.add('Shape', [value], { start: 2 });
  return graph.add('Reshape', [value, graph.add('Concat', [graph.numbers([-1]), rest], { axis: 0 })]);
}

function emitUnfold(value: string, { value: whole, shape }: GraphTensor, graph: GraphBuilder): string {
  if (shape.length < 2) invalidModel('needs a sequence, its input is a single row');
  const outer = graph.add('Shape', [whole], { start: 0, end: 2 });
  const rest = graph.add('Shape', [value], { start: 1 });
  return graph.add('Reshape', [value, graph.add('Concat', [outer, rest], { axis: 0 })]);
}
