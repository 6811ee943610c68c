import type { Plan } from '../../network/layers/layer.ts';
import type { Batch, Sequences } from '../batch.ts';
import { createPlan } from '../plan.ts';
import { forEachStep } from './pack-batch.ts';

/**
 * A batch in `count` parts: row r goes to part r mod count, so that each is in order of length and rows keep their part from
 * window to window. Weights stay, so the parts' losses add up to the batch's. Fewer rows than parts make fewer parts.
 */
export function splitIntoShards(batch: Batch, count: number): Batch[] {
  const rows = batch.plan.offsets[1] ?? 0;
  if (count === 1 || rows === 0) return [batch];
  return Array.from({ length: Math.min(count, rows) }, (_, part) => {
    const own = range(rows).filter((row) => row % count === part);
    const { picked, ...sequences } = pick(batch, own);
    const { weights, classes, values } = batch.targets;
    const outputs = values ? values.length / weights.length : 0;
    const kept = Float32Array.from(picked, (at) => weights[at]!);
    const targets: Batch['targets'] = classes
      ? { weights: kept, classes: Int32Array.from(picked, (at) => classes[at]!) }
      : { weights: kept, values: pickRows(values, picked, outputs) };
    const { source, carryAfter } = batch;
    return {
      ...sequences,
      targets,
      ...(carryAfter !== undefined && { carryAfter }),
      ...(source && { source: pickSource(source, own) }),
    };
  });
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** The rows `own`, ascending, of packed sequences. @returns where each of their steps stood, too */
function pick(from: Sequences, own: readonly number[]): Sequences & { picked: Int32Array } {
  const { plan, ids, features } = from;
  const packed = plan.offsets[plan.steps]!;
  const lengths = lengthsOf(plan);
  const ownPlan = createPlan(own.map((row) => lengths[row]!));
  const picked = new Int32Array(ownPlan.offsets[ownPlan.steps]!);
  forEachStep(ownPlan, (row, t, at) => (picked[at] = plan.offsets[t]! + own[row]!));
  const columns = ids ? ids.length / packed : 0;
  return {
    plan: ownPlan,
    picked,
    ...(ids && {
      ids: Int32Array.from(
        { length: picked.length * columns },
        (_, i) => ids[Math.floor(i / picked.length) * packed + picked[i % picked.length]!]!,
      ),
    }),
    ...(features && { features: pickRows(features, picked, features.length / packed) }),
  };
}

function pickSource(
  source: NonNullable<Batch['source']>,
  own: readonly number[],
): NonNullable<Batch['source']> {
  const sourceRows = own.map((row) => source.rowOf[row]!).sort((a, b) => a - b);
  const { plan, ids, features } = pick(source, sourceRows);
  return {
    plan,
    ...(ids && { ids }),
    ...(features && { features }),
    rowOf: Int32Array.from(own, (row) => sourceRows.indexOf(source.rowOf[row]!)),
  };
}

function pickRows(values: Float32Array, picked: Int32Array, width: number): Float32Array {
  const rows = new Float32Array(picked.length * width);
  picked.forEach((at, i) => rows.set(values.subarray(at * width, (at + 1) * width), i * width));
  return rows;
}

function lengthsOf({ offsets, steps }: Plan): number[] {
  const lengths = Array<number>(offsets[1] ?? 0).fill(0);
  for (let t = 0; t < steps; t++)
    for (let row = 0; row < offsets[t + 1]! - offsets[t]!; row++) lengths[row] = t + 1;
  return lengths;
}
