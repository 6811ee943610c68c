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

// Activations over vectors held in locals, in place. Each works on all its vectors one operation at a time, so that
// independent chains overlap and neighbours can be paired into 256-bit operations.
// Coefficients: scripts/fit-activations.ts. Error bounds are over all float32 and test/kernel/emit/activations.test.ts
// holds them. NaN in, NaN out; ±∞ in, the limit out.

export type Activation = 'linear' | 'relu' | 'tanh' | 'sigmoid';

const expCoefficients = [
  0.008312525048304329, 0.04189011343165801, 0.1666711446424948, 0.4999923178892097, 1, 1,
];
const tanhNumerator: readonly number[] = [
  1.3336762306381233e-8, 0.000020596210002092502, 0.003494807124350126, 0.13380368288510605,
  0.999999979242852,
];
const tanhDenominator: readonly number[] = [
  7.769247232064509e-7, 0.00032843568275910215, 0.02587401180289176, 0.4671368370779942, 1,
];
const tanhLimit = 9.01;
/** ln 2 in two parts (Cody and Waite 1980): n · high is exact for |n| ≤ 128. */
const ln2High = 0.693145751953125;
const ln2Low = 1.42860682030941723212e-6;
/** Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits. */
const roundingMagic = 12582912;

function each(f: FunctionBuilder, targets: readonly V128Local[], value: (index: number) => V128): void {
  targets.forEach((target, index) => f.set(target, value(index)));
}

/** Loads a constant once for a run of vectors. */
function held(f: FunctionBuilder, e: Emitter, value: number): V128Local {
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
  const start = held(f, e, first!);
  const sums = x.map(() => f.v128(start));
  for (const coefficient of rest) {
    const c = held(f, e, coefficient);
    each(f, sums, (i) => fma(sums[i]!, x[i]!, c));
  }
  return sums;
}

/** x ← exp(sign · x). Relative error ≤ 2.5e-7 where the result is a normal number; below that 0, above 2¹²⁷·1.41 ∞. */
export function exp(f: FunctionBuilder, e: Emitter, x: readonly V128Local[], sign: 1 | -1 = 1): void {
  const high = held(f, e, 89 - (sign < 0 ? 1 : 0));
  each(f, x, (i) => pmin(x[i]!, high));
  const low = held(f, e, -88 - (sign < 0 ? 1 : 0));
  each(f, x, (i) => pmax(x[i]!, low));
  const log2e = held(f, e, sign * Math.LOG2E);
  const magic = held(f, e, roundingMagic);
  const rounded = x.map((v) => f.v128(fma(v, log2e, magic)));
  const n = rounded.map((v) => f.v128(vsub(v, magic)));
  // r = sign · x − n · ln2
  const partHigh = held(f, e, sign * ln2High);
  each(f, x, (i) => fnma(n[i]!, partHigh, x[i]!));
  const partLow = held(f, e, sign * ln2Low);
  each(f, x, (i) => fnma(n[i]!, partLow, x[i]!));
  const [c5, c4, c3, c2, c1, c0] = expCoefficients;
  const signed = [sign * c5!, c4!, sign * c3!, c2!, sign * c1!, c0!];
  const p = horner(f, e, x, signed);
  const one = f.v128(e.bits(0x3f800000));
  each(f, x, (i) => vmul(p[i]!, intAdd(shiftLeft(rounded[i]!, 23), one)));
}

/** x ← 1 / (1 + exp(−x)). Absolute error ≤ 2e-7. */
export function sigmoid(f: FunctionBuilder, e: Emitter, x: readonly V128Local[]): void {
  exp(f, e, x, -1);
  const one = held(f, e, 1);
  each(f, x, (i) => vdiv(one, vadd(one, x[i]!)));
}

/** x ← tanh x = x · P(x²) / Q(x²), clamped where tanh rounds to ±1. Absolute error ≤ 2e-7, relative ≤ 4e-7. */
export function tanh(f: FunctionBuilder, e: Emitter, x: readonly V128Local[]): void {
  const high = held(f, e, tanhLimit);
  each(f, x, (i) => pmin(x[i]!, high));
  const low = held(f, e, -tanhLimit);
  each(f, x, (i) => pmax(x[i]!, low));
  const squares = x.map((v) => f.v128(vmul(v, v)));
  const numerator = horner(f, e, squares, tanhNumerator);
  const denominator = horner(f, e, squares, tanhDenominator);
  each(f, x, (i) => vdiv(vmul(x[i]!, numerator[i]!), denominator[i]!));
}

/** x ← max(x, 0), with a NaN kept. */
export function relu(f: FunctionBuilder, e: Emitter, x: readonly V128Local[]): void {
  const zero = held(f, e, 0);
  each(f, x, (i) => pmax(x[i]!, zero));
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
