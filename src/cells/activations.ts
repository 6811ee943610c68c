import {
  f32,
  fma,
  pmax,
  pmin,
  splat,
  vadd,
  vandnot,
  vdiv,
  vle,
  vmul,
  vsub,
} from '../kernel/assembler/expressions.ts';
import type { FunctionBuilder, V128Local } from '../kernel/assembler/function-builder.ts';
import type { CellActivation, CellOptions } from './options.ts';
import { clamp, setEach, exp, expm1, loadConstant, relu, sigmoid, tanh } from '../kernel/emit/activations.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';

// The activations of a recurrent cell, like those of kernel/emit/activations.ts over vectors in locals, in place. NaN in,
// NaN out; ±∞ in, the limit out. Absolute error ≤ 2e-7 · max(1, |result|, |alpha|), tested by
// test/cells/activations.test.ts.

type Vectors = readonly V128Local[];

/** x ← the activation of x. */
export function emitActivation(
  f: FunctionBuilder,
  e: Emitter,
  x: Vectors,
  { type, alpha, beta }: CellActivation,
): void {
  switch (type) {
    case 'tanh':
      return tanh(f, e, x);
    case 'sigmoid':
      return sigmoid(f, e, x);
    case 'relu':
      return relu(f, e, x);
    case 'softsign':
      return softsign(f, e, x);
    case 'softplus':
      return softplus(f, e, x);
    case 'affine':
      return affine(f, x, alpha, beta);
    case 'leaky_relu':
      return leakyRelu(f, e, x, alpha);
    case 'thresholded_relu':
      return thresholdedRelu(f, x, alpha);
    case 'scaled_tanh':
      return scaledTanh(f, e, x, alpha, beta);
    case 'hard_sigmoid':
      affine(f, x, alpha, beta);
      return clamp(f, e, x, 0, 1);
    case 'elu':
      return elu(f, e, x, alpha);
  }
}

/** x ← x clipped to ± limit. */
export function emitClip(f: FunctionBuilder, x: Vectors, limit: number): void {
  const [highest, lowest] = [modelConstant(f, limit), modelConstant(f, -limit)];
  setEach(f, x, (i) => pmin(x[i]!, highest));
  setEach(f, x, (i) => pmax(x[i]!, lowest));
}

/** Turns the sums of a gate or of the candidate into its value, in place. */
type GateActivation = (f: FunctionBuilder, e: Emitter, sums: Vectors) => void;

/** The activations of a cell's gates and of its candidate, clipped first where the layer has a clip. */
export function gateActivations({ gate, candidate, clip }: CellOptions): {
  gate: GateActivation;
  candidate: GateActivation;
} {
  const activating =
    (activation: CellActivation): GateActivation =>
    (f, e, sums) => {
      if (clip !== null) emitClip(f, sums, clip);
      emitActivation(f, e, sums, activation);
    };
  return { gate: activating(gate), candidate: activating(candidate) };
}

/**
 * A model's own number. Not in the pool of constants, which is as large as the kernel's need and never
 * emptied.
 */
const modelConstant = (f: FunctionBuilder, value: number): V128Local => f.v128(splat(f32(value)));

function affine(f: FunctionBuilder, x: Vectors, alpha: number, beta: number): void {
  const [factor, shift] = [modelConstant(f, alpha), modelConstant(f, beta)];
  setEach(f, x, (i) => fma(x[i]!, factor, shift));
}

function leakyRelu(f: FunctionBuilder, e: Emitter, x: Vectors, alpha: number): void {
  const [zero, factor] = [loadConstant(f, e, 0), modelConstant(f, alpha)];
  const above = x.map((v) => f.v128(pmax(v, zero)));
  setEach(f, x, (i) => pmin(x[i]!, zero));
  setEach(f, x, (i) => fma(x[i]!, factor, above[i]!));
}

function thresholdedRelu(f: FunctionBuilder, x: Vectors, alpha: number): void {
  const threshold = modelConstant(f, alpha);
  const below = x.map((v) => f.v128(vle(v, threshold)));
  setEach(f, x, (i) => vandnot(x[i]!, below[i]!));
}

function scaledTanh(f: FunctionBuilder, e: Emitter, x: Vectors, alpha: number, beta: number): void {
  const [outer, inner] = [modelConstant(f, alpha), modelConstant(f, beta)];
  setEach(f, x, (i) => vmul(x[i]!, inner));
  tanh(f, e, x);
  setEach(f, x, (i) => vmul(x[i]!, outer));
}

/** max(x, 0) + alpha·(exp(min(x, 0)) − 1) */
function elu(f: FunctionBuilder, e: Emitter, x: Vectors, alpha: number): void {
  const factor = modelConstant(f, alpha);
  const zero = loadConstant(f, e, 0);
  const above = x.map((v) => f.v128(pmax(v, zero)));
  clamp(f, e, x, -88, 0);
  expm1(f, e, x, 1);
  setEach(f, x, (i) => fma(x[i]!, factor, above[i]!));
}

/** x / (1 + |x|); past 1e30 that is ±1 in float32, and an infinity would divide itself. */
function softsign(f: FunctionBuilder, e: Emitter, x: Vectors): void {
  clamp(f, e, x, -1e30, 1e30);
  const sizes = magnitudes(f, e, x);
  const one = loadConstant(f, e, 1);
  setEach(f, x, (i) => vdiv(x[i]!, vadd(one, sizes[i]!)));
}

/**
 * log(1 + exp x) = max(x, 0) + log(1 + t) with t = exp(−|x|), and log(1 + t) = 2·(s + s³/3 + s⁵/5 + …) for
 * s = t / (t + 2) (the series of artanh; s ≤ ⅓, so seven terms reach float32).
 */
function softplus(f: FunctionBuilder, e: Emitter, x: Vectors): void {
  const t = magnitudes(f, e, x);
  exp(f, e, t, -1);
  const two = loadConstant(f, e, 2);
  const s = t.map((v) => f.v128(vdiv(v, vadd(v, two))));
  const squares = s.map((v) => f.v128(vmul(v, v)));
  const start = loadConstant(f, e, 2 / 13);
  const series = s.map(() => f.v128(start));
  for (const term of [11, 9, 7, 5, 3, 1]) {
    const c = loadConstant(f, e, 2 / term);
    setEach(f, series, (i) => fma(series[i]!, squares[i]!, c));
  }
  const zero = loadConstant(f, e, 0);
  setEach(f, x, (i) => pmax(x[i]!, zero));
  setEach(f, x, (i) => fma(s[i]!, series[i]!, x[i]!));
}

/** |x| in locals of their own. */
function magnitudes(f: FunctionBuilder, e: Emitter, x: Vectors): V128Local[] {
  const zero = loadConstant(f, e, 0);
  return x.map((v) => f.v128(pmax(v, vsub(zero, v))));
}
