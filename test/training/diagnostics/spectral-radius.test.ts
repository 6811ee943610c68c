import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/random.ts';
import { spectralRadius } from '../../../src/training/diagnostics/spectral-radius.ts';

/** Square blocks along the diagonal of a matrix of any size, repeated. */
function blocks(block: readonly (readonly number[])[], size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let first = 0; first + block.length <= size; first += block.length)
    block.forEach((row, i) => row.forEach((value, j) => (matrix[(first + i) * size + first + j] = value)));
  return matrix;
}
const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];

describe.each([4, 64, 128])('spectral radius of a matrix of %d', (size) => {
  it.each([
    ['the identity', [[1]], 1],
    [
      'a scaled rotation',
      [
        [0.9 * cos, -0.9 * sin],
        [0.9 * sin, 0.9 * cos],
      ],
      0.9,
    ],
    [
      'a diagonal with a negative entry',
      [
        [0.3, 0],
        [0, -1.7],
      ],
      1.7,
    ],
  ])('%s', (_, block, radius) => {
    expect(Math.abs(spectralRadius(blocks(block, size), size) - radius) / radius).toBeLessThan(1e-6);
  });

  it('a nilpotent matrix', () => {
    expect(
      spectralRadius(
        blocks(
          [
            [0, 1],
            [0, 0],
          ],
          size,
        ),
        size,
      ),
    ).toBe(0);
  });

  it('a shear, which grows linearly', () => {
    expect(
      Math.abs(
        spectralRadius(
          blocks(
            [
              [1, 1],
              [0, 1],
            ],
            size,
          ),
          size,
        ) - 1,
      ),
    ).toBeLessThan(5e-3);
  });
});

it('is about √(n · variance) for a random matrix of n', () => {
  const size = 200;
  const random = createRng(1);
  const matrix = Float64Array.from({ length: size * size }, () => 2 * random.next() - 1);
  expect(Math.abs(spectralRadius(matrix, size) / Math.sqrt(size / 3) - 1)).toBeLessThan(0.15);
});
