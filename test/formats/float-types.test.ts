import { expect, it } from 'vitest';
import { floatTypes } from '../../src/formats/float-types.ts';

const toBytes = (values: ArrayBufferView): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

it('reads the numbers of each type', () => {
  const numbers = [0, -0, 1, -1.5, 2 ** -14, 65504, Infinity, NaN];
  expect([...floatTypes.F16.read(toBytes(Float16Array.from(numbers)))]).toEqual(numbers);
  expect([...floatTypes.F32.read(toBytes(Float32Array.from(numbers)))]).toEqual(numbers);
  expect([...floatTypes.F64.read(toBytes(Float64Array.from(numbers)))]).toEqual(numbers);
  const bfloats = Uint16Array.of(0x0000, 0x3f80, 0xbfc0, 0x7f80, 0x4049);
  expect([...floatTypes.BF16.read(toBytes(bfloats))]).toEqual([0, 1, -1.5, Infinity, 3.140625]);
});

it('rounds float64 to the nearest float32, and to ±∞ outside its range', () => {
  expect([...floatTypes.F64.read(toBytes(Float64Array.of(0.1, 1e300, -1e300)))]).toEqual([
    Math.fround(0.1),
    Infinity,
    -Infinity,
  ]);
});

it('reads unaligned data', () => {
  const shifted = new Uint8Array(17);
  shifted.set(toBytes(Float64Array.of(1.25, -2)), 1);
  expect([...floatTypes.F64.read(shifted.subarray(1))]).toEqual([1.25, -2]);
  shifted.set(toBytes(Float32Array.of(3, 4)), 1);
  expect([...floatTypes.F32.read(shifted.subarray(1, 9))]).toEqual([3, 4]);
});
