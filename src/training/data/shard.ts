import type { Plan } from '../../network/layers/layer.ts';
import type { Batch, Sequences } from '../batch.ts';
import { createPlan } from '../plan.ts';
import { forEachStep } from './pack-batch.ts';

/**
 * Splits a batch into `count` shards of nearly as many steps: rows stay sorted by length, and where all are of one
 * length, row r goes to shard r mod count, so that it stays in its shard from window to window. Weights are unchanged:
 * the shards' losses add up to the batch's. There are at most as many shards as rows.
 */
export function splitIntoShards(batch: Batch, count: number): Batch[] {
  const rows = batch.plan.offsets[1] ?? 0;
  if (count === 1 || rows === 0) return [batch];
  return assignRows(batch, Math.min(count, rows)).map((shardRows) => {
    const { sourceIndices, ...sequences } = selectRows(batch, shardRows);
    const { weights, classes, values } = batch.targets;
    const outputs = values ? values.length / weights.length : 0;
    const shardWeights = weights.slice(0, sourceIndices.length);
    sourceIndices.forEach((at, i) => (shardWeights[i] = weights[at]!));
    const targets: Batch['targets'] = classes
      ? { weights: shardWeights, classes: sourceIndices.map((at) => classes[at]!) }
      : { weights: shardWeights, values: selectSteps(values, sourceIndices, outputs) };
    const { source, carryAfter } = batch;
    return {
      ...sequences,
      targets,
      ...(carryAfter !== undefined && { carryAfter }),
      ...(source && { source: selectSource(source, shardRows) }),
    };
  });
}

/** Gives each row, the longest first, to the shard with the fewest steps so far that has room. */
function assignRows({ plan, source }: Batch, count: number): number[][] {
  const lengths = getLengths(plan);
  const sourceLengths = source && getLengths(source.plan);
  const most = Math.ceil(lengths.length / count);
  const shards = Array.from({ length: count }, () => ({ rows: [] as number[], steps: 0 }));
  lengths.forEach((length, row) => {
    let least = shards.find(({ rows }) => rows.length < most)!;
    for (const shard of shards) if (shard.rows.length < most && shard.steps < least.steps) least = shard;
    least.rows.push(row);
    least.steps += length + (sourceLengths?.[source!.sourceRows[row]!] ?? 0);
  });
  return shards.map(({ rows }) => rows);
}

/**
 * Selects rows (ascending) of packed sequences.
 * @returns also the packed index of each of their steps in `from`
 */
function selectRows(from: Sequences, rows: readonly number[]): Sequences & { sourceIndices: Int32Array } {
  const { plan, ids, features } = from;
  const packed = plan.offsets[plan.steps]!;
  const lengths = getLengths(plan);
  const rowsPlan = createPlan(rows.map((row) => lengths[row]!));
  const sourceIndices = new Int32Array(rowsPlan.offsets[rowsPlan.steps]!);
  forEachStep(rowsPlan, (row, t, at) => (sourceIndices[at] = plan.offsets[t]! + rows[row]!));
  const columns = ids ? ids.length / packed : 0;
  const selectedIds = new Int32Array(sourceIndices.length * columns);
  for (let column = 0; column < columns; column++)
    sourceIndices.forEach(
      (at, i) => (selectedIds[column * sourceIndices.length + i] = ids![column * packed + at]!),
    );
  return {
    plan: rowsPlan,
    sourceIndices,
    ...(ids && { ids: selectedIds }),
    ...(features && { features: selectSteps(features, sourceIndices, features.length / packed) }),
  };
}

function selectSource(
  source: NonNullable<Batch['source']>,
  rows: readonly number[],
): NonNullable<Batch['source']> {
  const keptRows = rows.map((row) => source.sourceRows[row]!).sort((a, b) => a - b);
  const { plan, ids, features } = selectRows(source, keptRows);
  return {
    plan,
    ...(ids && { ids }),
    ...(features && { features }),
    sourceRows: Int32Array.from(rows, (row) => keptRows.indexOf(source.sourceRows[row]!)),
  };
}

function selectSteps(values: Float32Array, sourceIndices: Int32Array, width: number): Float32Array {
  const rows = new Float32Array(sourceIndices.length * width);
  sourceIndices.forEach((at, i) => rows.set(values.subarray(at * width, (at + 1) * width), i * width));
  return rows;
}

function getLengths({ offsets, steps }: Plan): number[] {
  const lengths = Array<number>(offsets[1] ?? 0).fill(0);
  for (let t = 0; t < steps; t++)
    for (let row = 0; row < offsets[t + 1]! - offsets[t]!; row++) lengths[row] = t + 1;
  return lengths;
}
