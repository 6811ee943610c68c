import { UnrollError } from '../../errors.ts';
import type { WireTensor } from '../../open-inference/tensor.ts';
import { invalidField } from '../../tasks/invalid-field.ts';
import { rankLabels } from '../../tasks/labels.ts';
import type { TimeSlice } from '../../time-slice.ts';
import { shortestFloat32 } from '../float32-text.ts';

/**
 * Triton's classification extension: an output as its highest values, each as `value:index` or
 * `value:index:label`.
 * @param tensor [batch, …]: the values of a row are numbered through
 * @param labels of the indices, where the output has a value for each
 * @param count of the values that are asked for
 * @returns BYTES [batch, count], fewer where a row has fewer
 * @throws UnrollError invalid_request for an output without numbers; not_finite; cancelled
 */
export async function toClassification(
  { name, datatype, shape, values }: WireTensor,
  labels: readonly string[],
  count: unknown,
  slice: TimeSlice,
): Promise<WireTensor> {
  const field = `outputs.${name}.parameters.classification`;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1)
    return invalidField(field, `must be a whole number from 1, was ${JSON.stringify(count).slice(0, 64)}`);
  if (datatype === 'BYTES') return invalidField(field, `${name} has texts, not numbers`);
  const numbers = values as readonly number[] | Float32Array;
  const rows = shape[0] ?? 1;
  const width = rows === 0 ? 0 : numbers.length / rows;
  const kept = Math.min(count, width);
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const own = Float64Array.from(numbers.slice(row * width, (row + 1) * width));
    if (own.some((value) => Number.isNaN(value)))
      throw new UnrollError('not_finite', `outputs.${name}[${row}]: has NaN, which has no rank`);
    for (const i of Array.from(rankLabels(own, kept))) {
      const value = datatype === 'FP32' && Number.isFinite(own[i]) ? shortestFloat32(own[i]!) : own[i]!;
      texts.push(`${value}:${i}${labels.length === width ? `:${labels[i]!}` : ''}`);
    }
    if (slice.due()) await slice.next();
  }
  return { name, datatype: 'BYTES', shape: [rows, kept], values: texts };
}
