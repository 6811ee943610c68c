import { UnrollError } from '../../errors.ts';
import type { ModelSpec, NumericInput } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine } from './encoding.ts';

export type Rows = readonly (readonly number[])[];
export interface Scale {
  readonly mean: number;
  readonly scale: number;
}

/**
 * Converts values to rows [steps][features]. A flat list is the steps of a single feature, or one step of
 * several.
 */
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

/** Names, means and scales of the features, of the base model or the training rows. @throws UnrollError */
export function resolveNumericInput(
  { inputs, task }: TrainingSpec,
  base: ModelSpec | null,
  sequences: readonly Rows[],
  names?: readonly string[],
): NumericInput {
  if (base) {
    if (base.inputs.kind !== 'numeric')
      throw new UnrollError('invalid_dataset', 'data: must be text for this base model, was numeric', {
        field: 'data',
      });
    return base.inputs;
  }
  if (inputs?.kind === 'text')
    throw new UnrollError(
      'invalid_request',
      `inputs.kind: must be numeric for the data of this ${task} job, was text`,
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

/** Mean and standard deviation of every column, in float64; a constant column has scale 1. */
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

/**
 * Scales rows [steps][features] to (value − mean) / scale in float32.
 * @throws UnrollError invalid_dataset, with the line
 */
export function scaleRows(rows: Rows, scales: readonly Scale[], field: string, line: number): Float32Array {
  const width = scales.length;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, t) => {
    if (row.length !== width)
      invalidLine(field, line, `step ${t}: expected ${width} numbers, got ${row.length}`);
    row.forEach((value, k) => {
      const { mean, scale } = scales[k]!;
      const scaledValue = Math.fround((value - mean) / scale);
      if (!Number.isFinite(scaledValue))
        invalidLine(field, line, `step ${t}: ${value} is not a finite float32 after scaling`);
      values[t * width + k] = scaledValue;
    });
  });
  return values;
}
