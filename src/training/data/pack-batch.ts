import type { Plan } from '../../network/layers/layer.ts';
import type { Batch, Sequences } from '../batch.ts';
import { createPlan } from '../plan.ts';
import type { Example, Examples } from './prepared.ts';

/**
 * Packs examples into one batch, longest first. Target weights make the loss the mean over the steps with a
 * target, times the class weights.
 */
export function packSequences(examples: Examples, indices: readonly number[]): Batch {
  const { list, inputColumns, sourceColumns } = examples;
  const chosen = indices.map((index) => list[index]!).sort((a, b) => b.steps - a.steps);
  const plan = createPlan(chosen.map(({ steps }) => steps));
  const input = pack(
    plan,
    chosen.map((example) => example.input),
    inputColumns,
  );
  const targets = packTargets(examples, chosen, plan);
  if (sourceColumns === 0) return { plan, ...input, targets };
  const getSourceSteps = (row: number): number => chosen[row]!.source!.length / sourceColumns;
  const order = chosen.map((_, row) => row).sort((a, b) => getSourceSteps(b) - getSourceSteps(a) || a - b);
  const sourceRows = new Int32Array(order.length);
  order.forEach((row, sourceRow) => (sourceRows[row] = sourceRow));
  const sourcePlan = createPlan(order.map(getSourceSteps));
  const source = pack(
    sourcePlan,
    order.map((row) => chosen[row]!.source!),
    sourceColumns,
  );
  return { plan, ...input, targets, source: { plan: sourcePlan, ...source, sourceRows } };
}

/** Calls `visit` for every row and step in packed order; `at` is the packed index. */
export function forEachStep(plan: Plan, visit: (row: number, step: number, at: number) => void): void {
  for (let t = 0; t < plan.steps; t++)
    for (let at = plan.offsets[t]!; at < plan.offsets[t + 1]!; at++) visit(at - plan.offsets[t]!, t, at);
}

/** Packs ids as [columns][packed] or features as [packed][columns]. */
function pack(
  plan: Plan,
  inputs: readonly (Int32Array | Float32Array)[],
  columns: number,
): Omit<Sequences, 'plan'> {
  const packed = plan.offsets[plan.steps]!;
  if (inputs[0] instanceof Float32Array) {
    const features = new Float32Array(packed * columns);
    forEachStep(plan, (row, t, at) =>
      features.set((inputs[row] as Float32Array).subarray(t * columns, (t + 1) * columns), at * columns),
    );
    return { features };
  }
  const ids = new Int32Array(packed * columns);
  forEachStep(plan, (row, t, at) => {
    for (let column = 0; column < columns; column++)
      ids[column * packed + at] = inputs[row]![t * columns + column]!;
  });
  return { ids };
}

function packTargets(
  { outputs, everyStep, classWeights }: Examples,
  chosen: readonly Example[],
  plan: Plan,
): Batch['targets'] {
  const packed = plan.offsets[plan.steps]!;
  const weights = new Float32Array(packed);
  const classes = chosen[0]!.classes ? new Int32Array(packed) : null;
  const values = classes ? null : new Float32Array(packed * outputs);
  let totalWeight = 0;
  forEachStep(plan, (row, t, at) => {
    const example = chosen[row]!;
    const targetCount = example.classes ? example.classes.length : example.values!.length / outputs;
    const perStep = targetCount === example.steps;
    if (!perStep && !everyStep && t < example.steps - 1) return;
    const targetIndex = perStep ? t : 0;
    if (classes) classes[at] = example.classes![targetIndex]!;
    else
      values!.set(example.values!.subarray(targetIndex * outputs, (targetIndex + 1) * outputs), at * outputs);
    // a sequence whose one target applies to every step has the same total weight whatever its length
    const share = !perStep && everyStep ? 1 / example.steps : 1;
    weights[at] = share * (classes && classWeights ? classWeights[classes[at]!]! : 1);
    totalWeight += share;
  });
  for (let at = 0; at < packed; at++) weights[at] = weights[at]! / totalWeight;
  return classes ? { weights, classes } : { weights, values: values! };
}
