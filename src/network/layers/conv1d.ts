import { emitLinear } from '../../kernel/emit/linear.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import { emitWindows } from '../../kernel/emit/windows.ts';
import { denseOrder, packMatrix, packVector } from '../../kernel/pack.ts';
import type { LayerSpec } from '../spec.ts';
import { activeRows, type CompileContext, type Plan, type RunContext } from './layer.ts';

// A convolution over time is a dense layer over windows of steps: the rows of a window are put side by side, and every output is
// one chain of multiply-adds over them, first step first. A causal one keeps the inputs that later windows look back at.

type Conv1dSpec = Extract<LayerSpec, { type: 'conv1d' }>;

export interface Conv1dProgram {
  readonly kind: 'conv1d';
  readonly windows: string;
  readonly linear: string;
  readonly weight: number;
  readonly bias: number;
  readonly taps: number;
  readonly dilation: number;
  /** Steps before its own that a window begins. */
  readonly behind: number;
  /** Inputs that a sequence keeps: causal those a window looks back at, else none. */
  readonly history: number;
  /** Columns of a step it reads, and gives. */
  readonly inner: number;
  readonly units: number;
}

/** Steps before its own that a window begins; a centred one of even length looks a step less far back than ahead. */
export function stepsBehind({ kernel, dilation, padding }: Conv1dSpec): number {
  const all = (kernel - 1) * dilation;
  return padding === 'causal' ? all : Math.floor(all / 2);
}

export function compileConv1d(
  layer: Conv1dSpec,
  tensors: { weight: string; bias: string },
  context: CompileContext,
): Conv1dProgram {
  const { units, kernel: taps, dilation, padding, activation } = layer;
  const inner = context.inputWidths[0]!;
  const order = denseOrder(units);
  const behind = stepsBehind(layer);
  return {
    kind: 'conv1d',
    windows: emitWindows(context.e, { taps, width: inner }),
    linear: emitLinear(context.e, { inner: taps * inner, columns: units, activation }),
    weight: context.place(padded(units) * taps * inner, (packed) =>
      packMatrix(stepByStep(context.tensor(tensors.weight), inner, taps), taps * inner, order, packed),
    ),
    bias: context.place(padded(units), (packed) => packVector(context.tensor(tensors.bias), order, packed)),
    taps,
    dilation,
    behind,
    history: padding === 'causal' ? behind : 0,
    inner,
    units,
  };
}

/** [units, in, taps] → [units, taps, in] */
function stepByStep(weight: Float32Array, inner: number, taps: number): Float32Array {
  const turned = new Float32Array(weight.length);
  for (let unit = 0; unit < weight.length / (inner * taps); unit++)
    for (let k = 0; k < inner; k++)
      for (let tap = 0; tap < taps; tap++)
        turned[(unit * taps + tap) * inner + k] = weight[(unit * inner + k) * taps + tap]!;
  return turned;
}

/** Windows that are put together at a time: few enough that they are still in the cache when they are multiplied. */
export const windowRows = 96;

export interface Conv1dPlace {
  readonly x: number;
  readonly y: number;
  /** [rows][history][padded(inner)]: the inputs before the first step, the oldest first. */
  readonly history: number;
  /** [windowRows, padded(taps·inner)], [windowRows][taps], and a row of zeros. */
  readonly windows: number;
  readonly addresses: number;
  readonly zeros: number;
}

/** y [packed, padded(units)] ← activation(b + W · window). x [packed, padded(inner)] */
export function runConv1d(conv: Conv1dProgram, context: RunContext, plan: Plan, at: Conv1dPlace): void {
  const { taps, dilation, behind, history, inner } = conv;
  const stride = padded(inner) * 4;
  const { functions, floats } = context;
  const addresses = new Int32Array(floats().buffer, at.addresses, windowRows * taps);
  const addressOf = (row: number, step: number): number => {
    if (step < 0) return history > 0 ? at.history + (row * history + history + step) * stride : at.zeros;
    const there = step < plan.steps && row < activeRows(plan, step);
    return there ? at.x + (plan.offsets[step]! + row) * stride : at.zeros;
  };
  const yStride = padded(conv.units) * 4;
  let filled = 0;
  let done = 0;
  const multiply = (): void => {
    functions[conv.windows]!(at.addresses, at.windows, filled);
    functions[conv.linear]!(at.windows, conv.weight, conv.bias, at.y + done * yStride, filled);
    done += filled;
    filled = 0;
  };
  for (let t = 0; t < plan.steps; t++)
    for (let row = 0; row < activeRows(plan, t); row++) {
      for (let tap = 0; tap < taps; tap++)
        addresses[filled * taps + tap] = addressOf(row, t - behind + tap * dilation);
      if (++filled === windowRows) multiply();
    }
  if (filled > 0) multiply();
  if (history > 0) keepInputs(conv, floats(), plan, at);
}

/** history ← the last inputs of every sequence that took part. */
function keepInputs(
  { history, inner }: Conv1dProgram,
  values: Float32Array,
  plan: Plan,
  at: Conv1dPlace,
): void {
  const width = padded(inner);
  let steps = plan.steps;
  for (let row = 0; row < activeRows(plan, 0); row++) {
    while (activeRows(plan, steps - 1) <= row) steps--;
    const first = at.history / 4 + row * history * width;
    const kept = Math.max(0, history - steps);
    if (kept > 0) values.copyWithin(first, first + steps * width, first + history * width);
    for (let slot = kept; slot < history; slot++) {
      const from = at.x / 4 + (plan.offsets[steps - history + slot]! + row) * width;
      values.copyWithin(first + slot * width, from, from + width);
    }
  }
}
