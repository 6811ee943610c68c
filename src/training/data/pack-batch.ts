import type { Plan } from '../../network/layers/layer.ts';
import type { Batch, Sequences } from '../batch.ts';
import { createPlan } from '../plan.ts';
import type { Example, Examples } from './prepared.ts';

/**
 * Examples as one packed batch, longest first. Targets weigh so that the loss is the mean over the steps that are judged,
 * class weights applied.
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
  const lengthOf = (row: number): number => chosen[row]!.source!.length / sourceColumns;
  const order = chosen.map((_, row) => row).sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const rowOf = new Int32Array(order.length);
  order.forEach((row, sourceRow) => (rowOf[row] = sourceRow));
  const sourcePlan = createPlan(order.map(lengthOf));
  const source = pack(
    sourcePlan,
    order.map((row) => chosen[row]!.source!),
    sourceColumns,
  );
  return { plan, ...input, targets, source: { plan: sourcePlan, ...source, rowOf } };
}

/** Every (row, step) in packed order. */
export function forEachStep(plan: Plan, see: (row: number, step: number, at: number) => void): void {
  for (let t = 0; t < plan.steps; t++)
    for (let at = plan.offsets[t]!; at < plan.offsets[t + 1]!; at++) see(at - plan.offsets[t]!, t, at);
}

/** Ids column after column, features row by row. */
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
  let judged = 0;
  forEachStep(plan, (row, t, at) => {
    const example = chosen[row]!;
    const answers = example.classes ? example.classes.length : example.values!.length / outputs;
    const own = answers === example.steps;
    if (!own && !everyStep && t < example.steps - 1) return;
    const which = own ? t : 0;
    if (classes) classes[at] = example.classes![which]!;
    else values!.set(example.values!.subarray(which * outputs, (which + 1) * outputs), at * outputs);
    // a sequence judged at every step by its one answer counts as much as another, however long it is
    const share = !own && everyStep ? 1 / example.steps : 1;
    weights[at] = share * (classes && classWeights ? classWeights[classes[at]!]! : 1);
    judged += share;
  });
  for (let at = 0; at < packed; at++) weights[at] = weights[at]! / judged;
  return classes ? { weights, classes } : { weights, values: values! };
}
