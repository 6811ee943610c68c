import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signedLeb, unsignedLeb } from '../../../src/kernel/assembler/leb128.ts';

const decode = (bytes: readonly number[], signed: boolean): number => {
  let value = 0n;
  bytes.forEach((byte, i) => (value |= BigInt(byte & 0x7f) << BigInt(7 * i)));
  const bits = 7 * bytes.length;
  return Number(signed ? BigInt.asIntN(bits, value) : value);
};

describe('LEB128', () => {
  it('encodes the examples of the DWARF standard', () => {
    expect(unsignedLeb(2)).toEqual([2]);
    expect(unsignedLeb(128)).toEqual([0x80, 1]);
    expect(unsignedLeb(12857)).toEqual([0xb9, 0x64]);
    expect(signedLeb(-2)).toEqual([0x7e]);
    expect(signedLeb(-129)).toEqual([0xff, 0x7e]);
    expect(signedLeb(127)).toEqual([0xff, 0]);
  });

  it('round-trips every 32-bit integer, in five bytes or fewer', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(decode(signedLeb(value), true)).toBe(value);
        expect(decode(unsignedLeb(value >>> 0), false)).toBe(value >>> 0);
        expect(signedLeb(value).length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
