// The kinds of numbers that operands hold, as TensorProto.DataType tells them. Floats of up to 32 bits are one kind:
// their numbers are float32, and a cast to fewer bits rounds them. `int` is int64 and uint64, exact up to 2⁵³.

const dataTypes = {
  float: [1, 10, 16],
  double: [11],
  bool: [9],
  int: [7, 13],
  int32: [6],
  uint32: [12],
  int16: [5],
  uint16: [4],
  int8: [3],
  uint8: [2],
} as const;

export type OperandKind = keyof typeof dataTypes;

/** Kinds whose numbers are held as float64. */
export const float64Kinds = [
  'double',
  'int',
  'bool',
  'int32',
  'uint32',
  'int16',
  'uint16',
  'int8',
  'uint8',
] as const;

export const isFloat = (kind: OperandKind): boolean => kind === 'float' || kind === 'double';

/** Whether a kind's numbers are integers, which truth values are not. */
export const isInteger = (kind: OperandKind): boolean => !isFloat(kind) && kind !== 'bool';

/** The kind of a data type; undefined where it is not supported. */
export const findKind = (dataType: number): OperandKind | undefined =>
  (Object.keys(dataTypes) as OperandKind[]).find((kind) =>
    (dataTypes[kind] as readonly number[]).includes(dataType),
  );

/** Lowest and highest number of the integers that numbers are quantised to. */
const ranges: Partial<Record<OperandKind, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
};
export const findQuantisedRange = (kind: OperandKind): readonly [low: number, high: number] | undefined =>
  ranges[kind];

const wraps: Partial<Record<OperandKind, (x: number) => number>> = {
  int32: (x) => x | 0,
  uint32: (x) => x >>> 0,
  int16: (x) => (x << 16) >> 16,
  uint16: (x) => x & 0xff_ff,
  int8: (x) => (x << 24) >> 24,
  uint8: (x) => x & 0xff,
};
/** What an overflow of the kind gives, in two's complement; undefined where numbers are not bounded. */
export const findWrap = (kind: OperandKind): ((x: number) => number) | undefined => wraps[kind];

/** Rounds halves to the even neighbour. */
export function roundEven(x: number): number {
  const down = Math.floor(x);
  return x - down === 0.5 ? 2 * Math.round(down / 2) : Math.round(x);
}
