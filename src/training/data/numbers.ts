import { UnrollError } from '../../errors.ts';
import type { ModelSpec, NumericInput } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine } from './encoding.ts';

export type Rows = readonly (readonly number[])[];
export interface Scale {
  readonly mean: number;
  readonly scale: number;
}

/** A flat list is the steps of the only feature, or one step of several. */
export function toRows(
  values: readonly number[] | Rows,
  base: ModelSpec | null,
  { inputs }: TrainingSpec,
): Rows {
  if (Array.isArray(values[0])) return values as Rows;
  const flat = values as readonly number[];
  const named =
    base?.inputs.kind === 'numeric'
      ? base.inputs.features
      : inputs?.kind === 'numeric'
        ? inputs.features
        : undefined;
  return (named?.length ?? 1) === 1 ? flat.map((value) => [value]) : [flat];
}

/** Names, means and scales of the features: the base's, or those of the training rows. @throws UnrollError */
export function resolveNumericInput(
  { inputs, task }: TrainingSpec,
  base: ModelSpec | null,
  sequences: readonly Rows[],
  names?: readonly string[],
): NumericInput {
  if (base) {
    if (base.inputs.kind !== 'numeric')
      throw new UnrollError('invalid_dataset', 'data: the base reads text, the data holds numbers', {
        field: 'data',
      });
    return base.inputs;
  }
  if (inputs?.kind === 'text')
    throw new UnrollError(
      'invalid_request',
      `inputs.kind: the data of this ${task} job is numeric, was text`,
      {
        field: 'inputs.kind',
      },
    );
  const width = sequences[0]?.[0]?.length ?? 0;
  const given = inputs?.features ?? names;
  if (given && given.length !== width)
    throw new UnrollError('invalid_request', `inputs.features: ${given.length} names for ${width} features`, {
      field: 'inputs.features',
    });
  const scales = computeScales(sequences, width);
  return {
    kind: 'numeric',
    features: scales.map((scale, k) => ({ name: given?.[k] ?? `value_${k}`, ...scale })),
  };
}

/** Mean and standard deviation of every column, in float64; a column that never changes has scale 1. */
export function computeScales(sequences: readonly Rows[], width: number): Scale[] {
  return Array.from({ length: width }, (_, k) => {
    let count = 0;
    let sum = 0;
    for (const rows of sequences)
      for (const row of rows) {
        sum += row[k] ?? 0;
        count++;
      }
    const mean = sum / count;
    let squares = 0;
    for (const rows of sequences) for (const row of rows) squares += ((row[k] ?? 0) - mean) ** 2;
    const deviation = Math.sqrt(squares / count);
    return { mean, scale: deviation > 0 ? deviation : 1 };
  });
}

/** [rows][columns] → (value − mean) / scale in float32. @throws UnrollError invalid_dataset naming the line */
export function scaleRows(rows: Rows, scales: readonly Scale[], field: string, line: number): Float32Array {
  const width = scales.length;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, t) => {
    if (row.length !== width)
      invalidLine(field, line, `step ${t}: ${width} numbers wanted, there are ${row.length}`);
    row.forEach((value, k) => {
      const { mean, scale } = scales[k]!;
      const one = Math.fround((value - mean) / scale);
      if (!Number.isFinite(one))
        invalidLine(field, line, `step ${t}: ${value} is not a finite float32 once scaled`);
      values[t * width + k] = one;
    });
  });
  return values;
}
