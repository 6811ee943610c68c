import type { InsideColumn, InsidePart } from '../../../network/inside.ts';
import type { InsideFormat, InsideOptions } from '../../../tasks/inside-options.ts';
import type { InsideValues } from '../../../tasks/inside-values.ts';
import type { TimeSlice } from '../../../time-slice.ts';
import { shortestFloat32 } from '../../float32-text.ts';

type Rows = string | number[][];
type Row = string | number[];

/** One direction of a layer. */
interface InsideLayerReply<Values> {
  readonly layer: string;
  readonly direction: 'forward' | 'backward';
  /** [steps, units], or [units] of one step. */
  readonly shape: number[];
  readonly hidden?: Values;
  readonly cell?: Values;
  /** By gate. */
  readonly gates?: Readonly<Record<string, Values>>;
}

/** A field of what a sequence gives; absent where no values are wanted. */
export interface InsideField {
  readonly inside?: InsideLayerReply<Rows>[];
}

/** The inside values of a sequence, if any, as a field of its reply. @throws UnrollError internal for NaN and ±∞ */
export async function toInside(
  inside: InsideValues | undefined,
  { include_format: format }: InsideOptions,
  slice: TimeSlice,
): Promise<InsideField> {
  if (!inside) return {};
  const { plan, rows } = inside;
  const layers: InsideLayerReply<Rows>[] = [];
  for (const part of plan.parts) {
    const values: Rows[] = [];
    for (const column of part.columns.keys()) values.push(await toMatrix(part, column, rows, format, slice));
    layers.push(toLayer(part, [rows.length, part.count], values));
  }
  return { inside: layers };
}

/** The same of an event's single step. */
export function toStepInside(
  inside: InsideValues | undefined,
  { include_format: format }: InsideOptions,
): { inside?: InsideLayerReply<Row>[] } {
  const row = inside?.rows[0];
  if (!row) return {};
  return {
    inside: inside.plan.parts.map((part) =>
      toLayer(
        part,
        [part.count],
        part.columns.map((_, column) => toRow(getValues(part, column, row), format)),
      ),
    ),
  };
}

/** @param values of each column */
function toLayer<Values>(
  { layer, direction, columns }: InsidePart,
  shape: number[],
  values: readonly Values[],
): InsideLayerReply<Values> {
  const find = (kind: InsideColumn['kind']): Values | undefined =>
    values[columns.findIndex((column) => column.kind === kind)];
  const [hidden, cell] = [find('hidden'), find('cell')];
  const gates = columns.flatMap(({ kind, gate }, i) =>
    kind === 'gates' ? [[layer.gates[gate]!, values[i]!] as const] : [],
  );
  return {
    layer: layer.name,
    direction,
    shape,
    ...(hidden !== undefined && { hidden }),
    ...(cell !== undefined && { cell }),
    ...(gates.length > 0 && { gates: Object.fromEntries(gates) }),
  };
}

/** Numbers of a column in a step's row. */
const getValues = ({ at, count }: InsidePart, column: number, row: Float32Array): Float32Array =>
  row.subarray(at + column * count, at + (column + 1) * count);

const toRow = (values: Float32Array, format: InsideFormat = 'json'): Row =>
  format === 'json' ? Array.from(values, shortestFloat32) : toBase64(values);

/** @param rows of all steps */
async function toMatrix(
  part: InsidePart,
  column: number,
  rows: readonly Float32Array[],
  format: InsideFormat | undefined,
  slice: TimeSlice,
): Promise<Rows> {
  const numbers: number[][] = [];
  const packed = new Float32Array(format === 'base64' ? rows.length * part.count : 0);
  for (const [t, row] of rows.entries()) {
    const values = getValues(part, column, row);
    if (format === 'base64') packed.set(values, t * part.count);
    else numbers.push(Array.from(values, shortestFloat32));
    if (slice.due()) await slice.next();
  }
  return format === 'base64' ? encodeInSlices(packed, slice) : numbers;
}

/** Typed arrays are little-endian wherever Node runs. */
const toBase64 = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

/** A multiple of three, so that the base64 of a block has no padding. */
const numbersPerBlock = 12_288;

async function encodeInSlices(values: Float32Array, slice: TimeSlice): Promise<string> {
  const blocks: string[] = [];
  for (let at = 0; at < values.length; at += numbersPerBlock) {
    blocks.push(toBase64(values.subarray(at, at + numbersPerBlock)));
    if (slice.due()) await slice.next();
  }
  return blocks.join('');
}
