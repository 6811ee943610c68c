import {
  f32,
  f32add,
  f32div,
  f32sqrt,
  fma,
  load,
  splat,
  vadd,
  vmul,
  vsub,
} from '../../../kernel/assembler/expressions.ts';
import type { Emitter } from '../../../kernel/emit/emitter.ts';
import { padded } from '../../../kernel/layout.ts';
import { forEachPanel, sumPanel, zeroPanel } from '../../../kernel/emit/reduce.ts';

/**
 * Emits y = (x − mean) / √(variance + ε) · weight + bias over each row (Ba et al. 2016). x, y [rows,
 * padded(width)]; weight, bias [padded(width)], zero past the width. The columns of x past its width are set
 * to zero first, so x is modified.
 * @returns the function's name; parameters x, weight, bias, y, rows
 */
export function emitLayerNorm(e: Emitter, { width, epsilon }: { width: number; epsilon: number }): string {
  const name = `layer_norm_${width}_${epsilon}`;
  return e.module.function(name, ['x', 'weight', 'bias', 'y', 'rows'], (f, p) => {
    const mean = f.local('f32');
    const variance = f.local('f32');
    f.if(p.rows, () =>
      f.repeat(p.rows, () => {
        for (let column = width; column < padded(width); column++) f.storeF32(p.x, f32(0), column * 4);
        const sums = zeroPanel(f, e);
        forEachPanel(f, width, [p.x], (at) =>
          sums.forEach((sum, v) => f.set(sum, vadd(sum, load(at, v * 16)))),
        );
        f.set(mean, f32div(sumPanel(f, sums), f32(width)));
        const centre = f.v128(splat(mean));
        // the columns past the width are set to the mean meanwhile, so that their deviation is 0
        for (let column = width; column < padded(width); column++) f.storeF32(p.x, mean, column * 4);
        const squares = zeroPanel(f, e);
        forEachPanel(f, width, [p.x], (at) =>
          squares.forEach((sum, v) => {
            const gap = f.v128(vsub(load(at, v * 16), centre));
            f.set(sum, fma(gap, gap, sum));
          }),
        );
        f.set(variance, f32div(sumPanel(f, squares), f32(width)));
        for (let column = width; column < padded(width); column++) f.storeF32(p.x, f32(0), column * 4);
        const scale = f.v128(splat(f32div(f32(1), f32sqrt(f32add(variance, f32(epsilon))))));
        forEachPanel(f, width, [p.x, p.y, p.weight, p.bias], (x, y, weight, bias) => {
          for (let v = 0; v < 4; v++) {
            const normal = f.v128(vmul(vsub(load(x, v * 16), centre), scale));
            f.store(y, fma(normal, load(weight, v * 16), load(bias, v * 16)), v * 16);
          }
        });
        f.advance(p.x, padded(width) * 4);
        f.advance(p.y, padded(width) * 4);
      }),
    );
  });
}
