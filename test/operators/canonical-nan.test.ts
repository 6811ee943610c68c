import { expect, it } from 'vitest';
import { canonicaliseNan } from '../../src/operators/canonical-nan.ts';

it('every NaN has the same bits, and other numbers keep theirs', () => {
  const bits = Uint32Array.of(
    0x7f_c0_00_00,
    0xff_c0_00_00,
    0x7f_80_00_01,
    0x3f_80_00_00,
    0x80_00_00_00,
    0xff_80_00_00,
  );
  canonicaliseNan(new Float32Array(bits.buffer));
  expect([...bits]).toEqual([
    0x7f_c0_00_00, 0x7f_c0_00_00, 0x7f_c0_00_00, 0x3f_80_00_00, 0x80_00_00_00, 0xff_80_00_00,
  ]);
});
