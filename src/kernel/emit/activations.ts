import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import {
  fma,
  fnma,
  intAdd,
  pmax,
  pmin,
  shiftLeft,
  vadd,
  vdiv,
  vmul,
  vsub,
  type V128,
} from '../assembler/expressions.ts';
import type { Emitter } from './emitter.ts';

// Activations over vectors in locals, in place. Each applies one operation at a time to all its vectors, so
// that independent chains overlap and neighbours can be paired into 256-bit operations. Coefficients:
// scripts/fit-activations.ts. Error bounds are over all float32 and are tested in
// test/kernel/emit/activations.test.ts. NaN in, NaN out; ±∞ in, the limit out.

export type Activation = 'linear' | 'relu' | 'tanh' | 'sigmoid';

const expCoefficients = [0.00831252504831279, 0.04189011343165931, 0.16667114464249205, 0.4999923178892098];
const expm1Coefficients = [
  0.0013882517037430429, 0.008366514258468433, 0.041667199729496285, 0.1666654366683145, 0.49999998154924824,
];
/** From here on tanh x rounds to ±1. */
const tanhLimit = 9.02;
/** ln 2 in two parts (Cody and Waite 1980): n · high is exact for |n| ≤ 128. */
const ln2High = 0.693145751953125;
const ln2Low = Math.LN2 - ln2High;
/** Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits. */
const roundingMagic = 12582912;

/** Sets every vector, one operation on all of them. */
export function setEach(
  f: FunctionBuilder,
  targets: readonly V128Local[],
  value: (index: number) => V128,
): void {
  targets.forEach((target, index) => f.set(target, value(index)));
}

/** Loads a constant once, for several vectors. */
export function loadConstant(f: FunctionBuilder, e: Emitter, value: number): V128Local {
  return f.v128(e.constant(value));
}

/** A polynomial's value by Horner's rule, highest coefficient first. */
function horner(
  f: FunctionBuilder,
  e: Emitter,
  x: readonly V128Local[],
  coefficients: readonly number[],
): V128Local[] {
  const [first, ...rest] = coefficients;
  const start = loadConstant(f, e, first!);
  const sums = x.map(() => f.v128(start));
  for (const coefficient of rest) {
    const c = loadConstant(f, e, coefficient);
    setEach(f, sums, (i) => fma(sums[i]!, x[i]!, c));
  }
  return sums;
}

/** x ← x clamped to [low, high], NaN stays NaN. */
export function clamp(
  f: FunctionBuilder,
  e: Emitter,
  x: readonly V128Local[],
  low: number,
  high: number,
): void {
  const highest = loadConstant(f, e, high);
  setEach(f, x, (i) => pmin(x[i]!, highest));
  const lowest = loadConstant(f, e, low);
  setEach(f, x, (i) => pmax(x[i]!, lowest));
}

/**
 * factor · x = n · ln2 + r with |r| ≤ ln2/2: x ← sign(factor) · r; returns 2ⁿ. n from −127, where 2ⁿ is 0, to
 * 128, where it is ∞: the caller clamps. `factor` is a power of two or its negative.
 */
function reduceRange(f: FunctionBuilder, e: Emitter, x: readonly V128Local[], factor: number): V128Local[] {
  const log2e = loadConstant(f, e, factor * Math.LOG2E);
  const magic = loadConstant(f, e, roundingMagic);
  const rounded = x.map((v) => f.v128(fma(v, log2e, magic)));
  const n = rounded.map((v) => f.v128(vsub(v, magic)));
  if (Math.abs(factor) !== 1) {
    const size = loadConstant(f, e, Math.abs(factor));
    setEach(f, x, (i) => vmul(x[i]!, size));
  }
  const high = loadConstant(f, e, Math.sign(factor) * ln2High);
  setEach(f, x, (i) => fnma(n[i]!, high, x[i]!));
  const low = loadConstant(f, e, Math.sign(factor) * ln2Low);
  setEach(f, x, (i) => fnma(n[i]!, low, x[i]!));
  const one = f.v128(e.bits(0x3f800000));
  setEach(f, rounded, (i) => intAdd(shiftLeft(rounded[i]!, 23), one));
  return rounded;
}

/**
 * x ← exp(sign · x). Relative error ≤ 2.5e-7 where the result is a normal number; below that 0, from 2¹²⁸/√2
 * on ∞.
 */
export function exp(f: FunctionBuilder, e: Emitter, x: readonly V128Local[], sign: 1 | -1 = 1): void {
  if (sign > 0) clamp(f, e, x, -88, 89);
  else clamp(f, e, x, -89, 88);
  const powers = reduceRange(f, e, x, sign);
  // with −r in x, the odd coefficients change sign
  const signed = [...expCoefficients, 1, 1].map((c, i, { length }) => ((length - 1 - i) % 2 ? sign * c : c));
  const p = horner(f, e, x, signed);
  setEach(f, x, (i) => vmul(p[i]!, powers[i]!));
}

/** x ← 1 / (1 + exp(−x)). Absolute error ≤ 2e-7. */
export function sigmoid(f: FunctionBuilder, e: Emitter, x: readonly V128Local[]): void {
  exp(f, e, x, -1);
  const one = loadConstant(f, e, 1);
  setEach(f, x, (i) => vdiv(one, vadd(one, x[i]!)));
}

/**
 * x ← exp(factor · x) − 1. Relative error ≤ 4e-7 while 2ⁿ is a normal number: the caller clamps x. `factor`
 * is a power of two.
 */
export function expm1(f: FunctionBuilder, e: Emitter, x: readonly V128Local[], factor: number): void {
  const powers = reduceRange(f, e, x, factor);
  // exp(r) − 1 = r + r²·q(r), which keeps its relative precision next to zero
  const q = horner(f, e, x, expm1Coefficients);
  const squares = x.map((r) => f.v128(vmul(r, r)));
  setEach(f, x, (i) => fma(squares[i]!, q[i]!, x[i]!));
  const one = loadConstant(f, e, 1);
  setEach(f, x, (i) => fma(powers[i]!, x[i]!, vsub(powers[i]!, one)));
}

/** x ← tanh x = m / (m + 2) with m = exp(2x) − 1. Absolute error ≤ 2e-7, relative ≤ 4e-7. */
export function tanh(f: FunctionBuilder, e: Emitter, x: readonly V128Local[]): void {
  clamp(f, e, x, -tanhLimit, tanhLimit);
  expm1(f, e, x, 2);
  const two = loadConstant(f, e, 2);
  setEach(f, x, (i) => vdiv(x[i]!, vadd(x[i]!, two)));
}

/** x ← max(x, 0), NaN stays NaN. */
export function relu(f: FunctionBuilder, e: Emitter, x: readonly V128Local[]): void {
  const zero = loadConstant(f, e, 0);
  setEach(f, x, (i) => pmax(x[i]!, zero));
}

export function activate(
  f: FunctionBuilder,
  e: Emitter,
  x: readonly V128Local[],
  activation: Activation,
): void {
  if (activation === 'tanh') tanh(f, e, x);
  else if (activation === 'sigmoid') sigmoid(f, e, x);
  else if (activation === 'relu') relu(f, e, x);
}
