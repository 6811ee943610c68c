import { invalidModel } from '../format-errors.ts';
import type { TrackedValue } from './tracked-value.ts';

/**
 * Reads initial_h or initial_c [directions, batch, units] (layout 1: [batch, directions, units]) as one row
 * per direction. Null for zeros and for a graph input, which becomes the model's state.
 * @throws UnrollError invalid_model when it is not a constant, or differs between the sequences of a batch
 */
export function readInitialState(
  value: TrackedValue | undefined,
  name: 'initial_h' | 'initial_c',
  { directions, units, layout }: { directions: number; units: number; layout: number },
): Float32Array[] | null {
  if (value === undefined || value.kind === 'state') return null;
  const each = Array.from({ length: directions }, (_, direction) => direction);
  if (value.kind === 'fill')
    return value.value === 0 ? null : each.map(() => new Float32Array(units).fill(value.value));
  if (value.kind !== 'constant')
    return invalidModel(`${name} is neither a constant nor an input of the graph`);
  const { shape, values } = value.tensor;
  const batch = values.length / (directions * units);
  const wanted = layout === 0 ? [directions, batch, units] : [batch, directions, units];
  if (batch !== 1 && shape.join() !== wanted.join())
    invalidModel(`${name} [${shape.join(', ')}] for ${directions} directions of ${units} units`);
  const getRow = (direction: number, one: number): Float32Array => {
    const row = layout === 0 ? direction * batch + one : one * directions + direction;
    return values.subarray(row * units, (row + 1) * units);
  };
  for (const direction of each)
    for (let one = 1; one < batch; one++)
      if (getRow(direction, one).some((number, unit) => number !== getRow(direction, 0)[unit]))
        invalidModel(`${name} differs between the ${batch} sequences of a batch`);
  return values.every((number) => number === 0) ? null : each.map((direction) => getRow(direction, 0));
}
