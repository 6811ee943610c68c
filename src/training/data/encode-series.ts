import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine, type Encoding } from './encoding.ts';
import { resolveNumericInput, scaleRows, computeScales, type Rows } from './numbers.ts';
import type { Example } from './prepared.ts';
import type { ReadRecord } from './read-records.ts';
import { resolveUnits } from './output-units.ts';

/**
 * Encodes predict from a CSV whose rows are time steps: windows, and the targets of the steps after each
 * window.
 */
export function encodeSeries(
  spec: TrainingSpec,
  training: readonly ReadRecord[],
  base: ModelSpec | null,
): Encoding {
  const { series } = spec;
  if (!series)
    throw new UnrollError(
      'invalid_request',
      'series: is required to predict from a CSV file, with window and horizon',
      {
        field: 'series',
      },
    );
  const columns = Object.keys(training[0]!.row!);
  const inputNames = series.inputs ?? columns;
  const targetNames = series.targets ?? inputNames;
  for (const [name, field] of [
    ...inputNames.map((one) => [one, 'series.inputs'] as const),
    ...targetNames.map((one) => [one, 'series.targets'] as const),
  ])
    if (!columns.includes(name))
      throw new UnrollError(
        'invalid_request',
        `${field}: the CSV file has no column ${JSON.stringify(name)}`,
        {
          field,
        },
      );

  const rows = (reads: readonly ReadRecord[], names: readonly string[], field: string): Rows =>
    reads.map(({ row, line }) => names.map((name) => parseNumber(row?.[name], name, field, line)));
  const inputs = resolveNumericInput(spec, base, [rows(training, inputNames, 'data')], inputNames);
  const targetScales = (): { mean: number; scale: number }[] =>
    computeScales([rows(training, targetNames, 'data')], targetNames.length);
  const { window, horizon, stride, every_step: everyStep } = series;
  const outputNames = Array.from({ length: horizon }, (_, getTargets) =>
    targetNames.map((name) => `${name} t+${getTargets + 1}`),
  ).flat();
  const units = resolveUnits(spec, base, outputNames, () => {
    const scales = targetScales();
    return outputNames.map((_, i) => scales[i % targetNames.length]!);
  });

  return {
    kind: 'sequences',
    inputs,
    outputs: units.length,
    modelOutputs: { units },
    inputColumns: inputs.features.length,
    sourceColumns: 0,
    classWeights: null,
    encode(reads, field) {
      const width = inputs.features.length;
      const outputs = units.length;
      const all = scaleRows(rows(reads, inputNames, field), inputs.features, field, 0);
      const targets = scaleRows(
        rows(reads, targetNames, field),
        units.slice(0, targetNames.length),
        field,
        0,
      );
      const examples: Example[] = [];
      for (let first = 0; first + window + horizon <= reads.length; first += stride) {
        const getTargets = (step: number): Float32Array =>
          targets.slice((step + 1) * targetNames.length, (step + 1 + horizon) * targetNames.length);
        const values = new Float32Array((everyStep ? window : 1) * outputs);
        for (let t = everyStep ? 0 : window - 1; t < window; t++)
          values.set(getTargets(first + t), everyStep ? t * outputs : 0);
        examples.push({
          steps: window,
          input: all.slice(first * width, (first + window) * width),
          source: null,
          classes: null,
          values,
          line: reads[first]!.line,
        });
      }
      return examples;
    },
  };
}

function parseNumber(text: string | undefined, column: string, field: string, line: number): number {
  if (text === undefined) invalidLine(field, line, `the CSV row has no column ${JSON.stringify(column)}`);
  const value = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(value)
    ? value
    : invalidLine(field, line, `${column}: ${JSON.stringify(text)} is not a number`);
}
