import {
  add,
  f32,
  f32add,
  f32greater,
  f32max,
  f32mul,
  f32sub,
  fma,
  lane,
  load,
  loadF32,
  splat,
  vdiv,
  vmul,
  type F32,
} from '../../../kernel/assembler/expressions.ts';
import type { FunctionBuilder, V128Local } from '../../../kernel/assembler/function-builder.ts';
import { exp } from '../../../kernel/emit/activations.ts';
import type { Emitter } from '../../../kernel/emit/emitter.ts';
import { padded, panelBytes } from '../../../kernel/layout.ts';
import { dot, forEachPanel } from '../../../kernel/emit/reduce.ts';

/**
 * Emits one step of attention over the steps so far: y = Σ_s a_s x_s with a = softmax(x_s · weight), as
 * running sums that are scaled down whenever a larger score comes (Milakov and Gimelshein 2018). There is one
 * state, however a sequence is chunked; a zero one is initial. x, y [rows, padded(width)]  weight
 * [padded(width)], zero past the width state [rows, poolState(width)]: Σ exp(score − largest) · x, then the
 * largest score and Σ exp(score − largest). The columns of x past its width are set to zero first, so x is
 * modified.
 * @returns the function's name; its parameters are x, weight, state, y, rows.
 */
export function emitAttentionPool(e: Emitter, width: number): string {
  const largestAt = padded(width) * 4;
  const sumAt = largestAt + 4;
  const parameters = ['x', 'weight', 'state', 'y', 'rows'] as const;
  return e.module.function(`attention_pool_${width}`, parameters, (f, p) => {
    const score = f.local('f32');
    const before = f.local('f32');
    const largest = f.local('f32');
    const sum = f.local('f32');
    f.if(p.rows, () =>
      f.repeat(p.rows, () => {
        for (let column = width; column < padded(width); column++) f.storeF32(p.x, f32(0), column * 4);
        f.set(score, dot(f, e, width, p.x, p.weight));
        f.set(sum, loadF32(p.state, sumAt));
        // at the first step there is no largest score yet
        f.set(before, score);
        f.if(f32greater(sum, f32(0)), () => f.set(before, loadF32(p.state, largestAt)));
        f.set(largest, f32max(before, score));
        const kept = expSplat(f, e, f32sub(before, largest));
        const added = expSplat(f, e, f32sub(score, largest));
        f.set(sum, f32add(f32mul(sum, lane(kept, 0)), lane(added, 0)));
        f.storeF32(p.state, largest, largestAt);
        f.storeF32(p.state, sum, sumAt);
        const total = f.v128(splat(sum));
        forEachPanel(f, width, [p.x, p.state, p.y], (x, state, y) => {
          for (let v = 0; v < 4; v++) {
            const weighted = f.v128(fma(added, load(x, v * 16), vmul(kept, load(state, v * 16))));
            f.store(state, weighted, v * 16);
            f.store(y, vdiv(weighted, total), v * 16);
          }
        });
        f.advance(p.x, padded(width) * 4);
        f.advance(p.y, padded(width) * 4);
        f.set(p.state, add(p.state, padded(width) * 4 + panelBytes));
      }),
    );
  });
}

/** exp of one number, in every lane. */
function expSplat(f: FunctionBuilder, e: Emitter, x: F32): V128Local {
  const value = f.v128(splat(x));
  exp(f, e, [value]);
  return value;
}
