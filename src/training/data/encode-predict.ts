import type { ModelSpec } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine, type Encoding } from './encoding.ts';
import { encodeSeries } from './encode-series.ts';
import type { PredictRecord } from './example-record.ts';
import { resolveNumericInput, toRows, scaleRows, computeScales, type Rows } from './numbers.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';
import { resolveUnits } from './output-units.ts';

/** Encodes predict: numeric rows and their targets, one for the whole sequence or one a step. */
export function encodePredict(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  if (training[0]!.row) return encodeSeries(spec, training, base);
  const inputRows = (read: ReadRecord): Rows => toRows(toRecord(read).values, base, spec);
  const targetRows = (read: ReadRecord): Rows => toTargetRows(toRecord(read).target, inputRows(read).length);
  const inputs = resolveNumericInput(spec, base, training.map(inputRows));
  const width = targetRows(training[0]!)[0]!.length;
  const units = resolveUnits(
    spec,
    base,
    Array.from({ length: width }, (_, k) => (width === 1 ? 'target' : `target_${k}`)),
    () => computeScales(training.map(targetRows), width),
  );

  return {
    kind: 'sequences',
    inputs,
    outputs: units.length,
    modelOutputs: { units },
    inputColumns: inputs.features.length,
    sourceColumns: 0,
    classWeights: null,
    encode: (reads, field) =>
      reads.map((read): Example => {
        const rows = inputRows(read);
        const targets = targetRows(read);
        if (targets.length !== 1 && targets.length !== rows.length)
          invalidLine(field, read.line, `${targets.length} targets for ${rows.length} steps`);
        return {
          steps: rows.length,
          input: scaleRows(rows, inputs.features, field, read.line),
          source: null,
          classes: null,
          values: scaleRows(targets, units, field, read.line),
          line: read.line,
        };
      }),
  };
}

/**
 * Converts a target to rows: one for the last step, or one a step. A flat list with one number a step is one
 * output a step.
 */
function toTargetRows(target: PredictRecord['target'], steps: number): Rows {
  if (typeof target === 'number') return [[target]];
  if (Array.isArray(target[0])) return target as Rows;
  const flat = target as readonly number[];
  return flat.length === steps && steps > 1 ? flat.map((value) => [value]) : [flat];
}

function toRecord({ record, line }: ReadRecord): PredictRecord {
  if (!record) invalidLine('data', line, 'must be a record with values and target');
  return record as PredictRecord;
}
