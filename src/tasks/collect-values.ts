import { findRowSteps } from '../network/sequence-to-one.ts';
import { rowOfStep } from '../operators/row-count.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { TimeSlice } from '../time-slice.ts';
import type { Collector } from './collect-events.ts';
import type { Call } from './context.ts';
import { splitRows } from './run-sequences.ts';

/** Rows of outputs in their own units, joined at the end. */
export function collectValues(
  model: ServedModel,
  { continuation }: Pick<Call, 'continuation'>,
  slice: TimeSlice,
): Collector<Float32Array> {
  const parts: Float32Array[] = [];
  const hasRow = rowFilter(model);
  let step = continuation?.steps ?? 0;
  async function pushAll(rows: readonly Float32Array[]): Promise<void> {
    for (const values of rows) parts.push(await toUnits(model, values, slice));
  }
  return {
    push(event) {
      if (event.kind !== 'outputs') return;
      const rows = hasRow ? splitRows(event).filter((_, t) => hasRow(step + t)) : [event.values];
      step += event.steps;
      const [only] = rows;
      // most requests have one short event: no promise for it
      if (rows.length !== 1 || only!.length > numbersPerCheck) return pushAll(rows);
      parts.push(scaleToUnits(model, only!.slice(), 0));
    },
    end: () => (parts.length === 1 ? parts[0]! : joinRows(parts)),
  };
}

/** Tells the steps that have a row; null where all have one that are asked for. */
export function rowFilter({ spec }: ServedModel): ((step: number) => boolean) | null {
  const every = findRowSteps(spec.network);
  return every && ((step) => rowOfStep(every, step) >= 0);
}

/** Joins rows. */
export function joinRows(parts: readonly Float32Array[]): Float32Array {
  const values = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}

const numbersPerCheck = 16_384;

/** Copies rows of outputs from the network's scale to their units'. rows [n, outputWidth] */
export async function toUnits(
  model: ServedModel,
  rows: Float32Array,
  slice: TimeSlice,
): Promise<Float32Array> {
  const values = rows.slice();
  for (let from = 0; from < values.length; from += numbersPerCheck) {
    scaleToUnits(model, values.subarray(from, from + numbersPerCheck), from);
    if (slice.due()) await slice.next();
  }
  return values;
}

/** Changes values in place. @param from the place of the first among those of whole rows */
function scaleToUnits({ spec, network }: ServedModel, values: Float32Array, from: number): Float32Array {
  const { units } = spec.outputs;
  if (!units) return values;
  const width = network.info.outputWidth;
  for (let k = 0; k < values.length; k++) {
    const unit = units[((from + k) % width) % units.length];
    if (unit) values[k] = values[k]! * unit.scale + unit.mean;
  }
  return values;
}
