import {
  f32add,
  f32greater,
  f32div,
  f32mul,
  f32sub,
  fma,
  fnma,
  lane,
  load,
  loadF32,
  splat,
  vadd,
  vmul,
  type F32,
} from '../../../kernel/assembler/expressions.ts';
import type { FunctionBuilder, I32Local, V128Local } from '../../../kernel/assembler/function-builder.ts';
import { exp, tanh } from '../../../kernel/emit/activations.ts';
import type { Emitter } from '../../../kernel/emit/emitter.ts';
import { padded } from '../../../kernel/layout.ts';
import { dot, forEachPanel, sumPanel, zeroPanel } from '../../../kernel/emit/reduce.ts';

// Attention of one decoder step over the steps of its own source; rows are independent.
//
// query   [padded(keyWidth)]           keys [steps][padded(keyWidth)]; their columns past the width are zero
// memory  [steps][padded(memoryWidth)]
// vector  [padded(keyWidth)]           additive only
// weights [steps]  context [padded(memoryWidth)]
//
// product:  score_s = q·k_s            additive: score_s = v·tanh(q + k_s)
// weights = softmax(score), context = Σ_s weights_s · m_s; every sum in a fixed order

export interface AttentionShape {
  readonly score: 'product' | 'additive';
  readonly keyWidth: number;
  readonly memoryWidth: number;
}

const name = ({ score, keyWidth, memoryWidth }: AttentionShape): string =>
  `${score}_${keyWidth}_${memoryWidth}`;

/** @returns the function's name; parameters query, keys, memory, vector, weights, context, steps ≥ 1 */
export function emitAttention(e: Emitter, shape: AttentionShape): string {
  const { score, keyWidth, memoryWidth } = shape;
  const parameters = ['query', 'keys', 'memory', 'vector', 'weights', 'context', 'steps'] as const;
  return e.module.function(`attention_${name(shape)}`, parameters, (f, p) => {
    const largest = f.local('f32');
    const value = f.local('f32');
    const scoreAt = f.i32(p.weights);
    f.set(largest, lane(f.v128(e.constant(-Infinity)), 0));
    f.repeat(f.i32(p.steps), () => {
      f.set(
        value,
        score === 'product' ? dot(f, e, keyWidth, p.query, p.keys) : additiveScore(f, e, keyWidth, p),
      );
      f.storeF32(scoreAt, value);
      f.if(f32greater(value, largest), () => f.set(largest, value));
      f.advance(scoreAt, 4);
      f.advance(p.keys, padded(keyWidth) * 4);
    });

    const sum = f.local('f32');
    const power = f.v128();
    f.set(sum, lane(f.v128(e.constant(0)), 0));
    f.set(scoreAt, p.weights);
    f.repeat(f.i32(p.steps), () => {
      f.set(power, splat(f32sub(loadF32(scoreAt), largest)));
      exp(f, e, [power]);
      f.set(value, lane(power, 0));
      f.storeF32(scoreAt, value);
      f.set(sum, f32add(sum, value));
      f.advance(scoreAt, 4);
    });
    f.set(scoreAt, p.weights);
    f.repeat(f.i32(p.steps), () => {
      f.storeF32(scoreAt, f32div(loadF32(scoreAt), sum));
      f.advance(scoreAt, 4);
    });

    const row = f.i32();
    forEachPanel(f, memoryWidth, [p.context, p.memory], (contextAt, memoryAt) => {
      const sums = zeroPanel(f, e);
      f.set(row, memoryAt);
      f.set(scoreAt, p.weights);
      f.repeat(f.i32(p.steps), () => {
        const weight = f.v128(splat(loadF32(scoreAt)));
        sums.forEach((acc, v) => f.set(acc, fma(weight, load(row, v * 16), acc)));
        f.advance(scoreAt, 4);
        f.advance(row, padded(memoryWidth) * 4);
      });
      sums.forEach((acc, v) => f.store(contextAt, acc, v * 16));
    });
  });
}

function additiveScore(
  f: FunctionBuilder,
  e: Emitter,
  width: number,
  { query, keys, vector }: { query: I32Local; keys: I32Local; vector: I32Local },
): F32 {
  const sums = zeroPanel(f, e);
  forEachPanel(f, width, [query, keys, vector], (q, k, v) => {
    const activated = tanhOfSum(f, e, q, k);
    sums.forEach((sum, i) => f.set(sum, fma(activated[i]!, load(v, i * 16), sum)));
  });
  return sumPanel(f, sums);
}

/** tanh(q + k) of a panel. */
function tanhOfSum(f: FunctionBuilder, e: Emitter, q: I32Local, k: I32Local): V128Local[] {
  const values = Array.from({ length: 4 }, (_, v) => f.v128(vadd(load(q, v * 16), load(k, v * 16))));
  tanh(f, e, values);
  return values;
}

/**
 * Emits the backward pass of one step, from dContext and the `weights` of the forward pass.
 * @returns the function's name; parameters dContext, query, keys, memory, vector, weights, slopes (scratch,
 * [steps]), dQuery (out), dKeys, dMemory, dVector (added to), steps ≥ 1
 */
export function emitAttentionBackward(e: Emitter, shape: AttentionShape): string {
  const { score, keyWidth, memoryWidth } = shape;
  const parameters = [
    'dContext',
    'query',
    'keys',
    'memory',
    'vector',
    'weights',
    'slopes',
    'dQuery',
    'dKeys',
    'dMemory',
    'dVector',
    'steps',
  ] as const;
  return e.module.function(`attention_backward_${name(shape)}`, parameters, (f, p) => {
    // ∂L/∂weight_s = dContext·m_s, and dMemory_s += weight_s · dContext
    const mean = f.local('f32');
    const value = f.local('f32');
    const weightAt = f.i32(p.weights);
    const slopeAt = f.i32(p.slopes);
    f.set(mean, lane(f.v128(e.constant(0)), 0));
    f.repeat(f.i32(p.steps), () => {
      f.set(value, dot(f, e, memoryWidth, p.dContext, p.memory));
      f.storeF32(slopeAt, value);
      f.set(mean, f32add(mean, f32mul(loadF32(weightAt), value)));
      const weight = f.v128(splat(loadF32(weightAt)));
      forEachPanel(f, memoryWidth, [p.dMemory, p.dContext], (to, from) => {
        for (let v = 0; v < 4; v++) f.store(to, fma(weight, load(from, v * 16), load(to, v * 16)), v * 16);
      });
      f.advance(weightAt, 4);
      f.advance(slopeAt, 4);
      f.advance(p.memory, padded(memoryWidth) * 4);
      f.advance(p.dMemory, padded(memoryWidth) * 4);
    });
    // softmax: ∂L/∂score_s = weight_s · (∂L/∂weight_s − Σ weight · ∂L/∂weight)
    forEachPanel(f, keyWidth, [p.dQuery], (to) =>
      zeroPanel(f, e).forEach((zero, v) => f.store(to, zero, v * 16)),
    );
    f.set(weightAt, p.weights);
    f.set(slopeAt, p.slopes);
    f.repeat(f.i32(p.steps), () => {
      const slope = f.v128(splat(f32mul(loadF32(weightAt), f32sub(loadF32(slopeAt), mean))));
      if (score === 'product')
        forEachPanel(f, keyWidth, [p.dQuery, p.dKeys, p.query, p.keys], (dQuery, dKeys, query, keys) => {
          for (let v = 0; v < 4; v++) {
            f.store(dQuery, fma(slope, load(keys, v * 16), load(dQuery, v * 16)), v * 16);
            f.store(dKeys, fma(slope, load(query, v * 16), load(dKeys, v * 16)), v * 16);
          }
        });
      else {
        const one = f.v128(e.constant(1));
        const rows = [p.dQuery, p.dKeys, p.query, p.keys, p.vector, p.dVector];
        forEachPanel(f, keyWidth, rows, (dQuery, dKeys, query, keys, vector, dVector) => {
          tanhOfSum(f, e, query, keys).forEach((bent, v) => {
            f.store(dVector, fma(slope, bent, load(dVector, v * 16)), v * 16);
            const d = f.v128(vmul(vmul(slope, load(vector, v * 16)), fnma(bent, bent, one)));
            f.store(dQuery, vadd(load(dQuery, v * 16), d), v * 16);
            f.store(dKeys, vadd(load(dKeys, v * 16), d), v * 16);
          });
        });
      }
      f.advance(weightAt, 4);
      f.advance(slopeAt, 4);
      f.advance(p.keys, padded(keyWidth) * 4);
      f.advance(p.dKeys, padded(keyWidth) * 4);
    });
  });
}
