import { describe, expect, it } from 'vitest';
import { datatypes, type Datatype } from '../../src/open-inference/datatypes.ts';
import {
  binaryByteLength,
  binaryChunks,
  parseBinaryValues,
  parseJsonValues,
  type WireTensor,
} from '../../src/open-inference/tensor.ts';

const largest = Number.MAX_SAFE_INTEGER;
/** Of each datatype the least, the most, and something between. */
const values: Readonly<Record<Datatype, number[] | string[]>> = {
  BOOL: [0, 1, 1],
  UINT8: [0, 255, 7],
  UINT16: [0, 65_535, 300],
  UINT32: [0, 4_294_967_295, 70_000],
  UINT64: [0, largest, 2 ** 40],
  INT8: [-128, 127, -1],
  INT16: [-32_768, 32_767, -300],
  INT32: [-2_147_483_648, 2_147_483_647, -70_000],
  INT64: [-largest, largest, -(2 ** 40)],
  FP16: [-65_504, 65_504, 0.5],
  FP32: [Math.fround(-3.4e38), Math.fround(1e-40), Math.fround(0.1)],
  FP64: [-Number.MAX_VALUE, Number.MIN_VALUE, 0.1],
  BYTES: ['', '\u0000\ufeffa', 'né 😀'],
};
/** Past the range of each that has one. */
const past: readonly (readonly [Datatype, number])[] = [
  ['BOOL', 2],
  ['UINT8', 256],
  ['UINT8', -1],
  ['UINT16', 65_536],
  ['UINT32', 2 ** 32],
  ['UINT64', -1],
  ['UINT64', 2 ** 53],
  ['INT8', -129],
  ['INT16', 32_768],
  ['INT32', 2 ** 31],
  ['INT64', -(2 ** 53)],
  ['INT64', 0.5],
];
const joinBytes = (tensor: WireTensor): Uint8Array => Buffer.concat([...binaryChunks(tensor)]);
const of = (datatype: Datatype, ...shape: number[]) => ({ datatype, shape });

describe('a tensor', () => {
  it.each(datatypes)('of %s is the same as JSON and as bytes', async (datatype) => {
    const given = values[datatype];
    expect(await parseJsonValues(given, of(datatype, 3), 'x')).toEqual(given);
    const bytes = joinBytes({ name: 'x', datatype, shape: [3], values: given });
    expect(binaryByteLength({ name: 'x', datatype, shape: [3], values: given })).toBe(bytes.length);
    expect(Array.from<unknown>(await parseBinaryValues(bytes, of(datatype, 3), 'x'))).toEqual(given);
  });

  it('as bytes is little-endian', () => {
    const bytes = (datatype: Datatype, ...given: number[]): number[] => [
      ...joinBytes({ name: 'x', datatype, shape: [given.length], values: given }),
    ];
    expect(bytes('INT32', 1)).toEqual([1, 0, 0, 0]);
    expect(bytes('UINT16', 0x1234)).toEqual([0x34, 0x12]);
    expect(bytes('FP16', 1)).toEqual([0, 0x3c]);
    expect([...joinBytes({ name: 'x', datatype: 'BYTES', shape: [1], values: ['ab'] })]).toEqual([
      2, 0, 0, 0, 97, 98,
    ]);
  });

  it('may be nested like its shape, or flat', async () => {
    const flat = [1, 2, 3, 4, 5, 6, 7, 8];
    const nested = [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ];
    for (const data of [flat, nested])
      expect(await parseJsonValues(data, of('FP32', 2, 2, 2), 'x')).toEqual(flat);
    expect(await parseJsonValues([[true], [false]], of('BOOL', 2, 1), 'x')).toEqual([1, 0]);
  });

  it.each(past)('of %s refuses %d', async (datatype, value) => {
    await expect(parseJsonValues([value], of(datatype, 1), 'x')).rejects.toThrow(
      `x.data[0]: must be ${datatype}, was ${value}`,
    );
  });

  it.each<[what: string, data: unknown, of: { datatype: Datatype; shape: number[] }, says: string]>([
    ['no list', 'abc', of('FP32', 1), 'x.data: must be a list'],
    ['an element too few', [1], of('FP32', 2), 'x.data: must have 2 elements for [2], was given 1'],
    ['an element too many', [1, 2, 3], of('FP32', 2), 'x.data: must have 2 elements for [2], was given 3'],
    ['nothing', [null], of('FP32', 1), 'x.data[0]: must be a number, was object'],
    ['a text for a number', ['1'], of('FP32', 1), 'x.data[0]: must be a number, was string'],
    ['a number for a text', [1], of('BYTES', 1), 'x.data[0]: must be a text'],
    ['a truth for a number', [true], of('INT8', 1), 'x.data[0]: must be a number, was boolean'],
    [
      'rows of two lengths',
      [[1, 2], [3]],
      of('FP32', 2, 2),
      'x.data[1]: must have 2 elements for the shape [2, 2], was given 1',
    ],
    ['a row for an element', [[1], [[2]]], of('FP32', 2, 1), 'must be a number'],
    ['an element for a row', [[1, 2], 3], of('FP32', 2, 2), 'x.data[1]: must be a list'],
    [
      'a negative dimension',
      [1],
      of('FP32', -1),
      'x.shape: a dimension must be a whole number from 0, was -1',
    ],
    [
      'a dimension of a half',
      [1],
      of('FP32', 0.5),
      'x.shape: a dimension must be a whole number from 0, was 0.5',
    ],
    ['a huge dimension', [1], of('FP32', 2 ** 52), 'x.shape: at most 16777216 elements'],
    [
      'dimensions whose product is past all numbers',
      [1],
      of('FP32', 1e300, 1e300),
      'a dimension must be a whole number from 0, was 1e+300',
    ],
    ['huge dimensions and one of none', [], of('FP32', 2 ** 52, 2 ** 52, 0), 'at most 16777216 elements'],
    ['nine dimensions', [1], of('FP32', 1, 1, 1, 1, 1, 1, 1, 1, 1), 'x.shape: at most 8 dimensions, was 9'],
  ])('refuses %s', async (_, data, tensor, says) => {
    await expect(parseJsonValues(data, tensor, 'x')).rejects.toThrow(says);
  });

  it.each<[what: string, bytes: number[], of: { datatype: Datatype; shape: number[] }, says: string]>([
    ['a byte too few', [0, 0, 0], of('FP32', 1), 'x: must have 4 bytes for [1] of FP32, was given 3'],
    ['a byte too many', [0, 0, 0], of('FP16', 1), 'x: must have 2 bytes for [1] of FP16, was given 3'],
    ['a byte that is no truth', [2], of('BOOL', 1), 'x[0]: must be BOOL, was 2'],
    ['a text that ends too soon', [5, 0, 0, 0, 97], of('BYTES', 1), 'x[0]: ends after the tensor’s bytes'],
    ['a length that ends too soon', [5, 0, 0], of('BYTES', 1), 'x[0]: ends after the tensor’s bytes'],
    ['a length of 4 GiB', [255, 255, 255, 255, 97], of('BYTES', 1), 'x[0]: ends after the tensor’s bytes'],
    ['a text too many', [0, 0, 0, 0, 0, 0, 0, 0], of('BYTES', 1), 'x: 4 bytes follow the last element'],
    ['what is not UTF-8', [2, 0, 0, 0, 0xc3, 0x28], of('BYTES', 1), 'x[0]: is not UTF-8'],
    ['half of a surrogate pair', [3, 0, 0, 0, 0xed, 0xa0, 0x80], of('BYTES', 1), 'x[0]: is not UTF-8'],
  ])('refuses bytes with %s', async (_, bytes, tensor, says) => {
    await expect(parseBinaryValues(Uint8Array.from(bytes), tensor, 'x')).rejects.toThrow(says);
  });
});
