import { padded } from '../../../kernel/layout.ts';
import { activeRows, type Plan, type RunContext } from '../layer.ts';
import type { StepLayerRun } from '../layer-run.ts';

// A convolution over time is a dense layer over windows of steps: the rows of a window are concatenated, and
// every output is one chain of multiply-adds over them, first step first. A causal one keeps the inputs that
// later windows read.

export interface CompiledConv1d {
  readonly kind: 'conv1d';
  readonly windows: string;
  readonly linear: string;
  readonly weight: number;
  readonly bias: number;
  readonly taps: number;
  readonly dilation: number;
  /** Steps from a window's begin to its own step. */
  readonly behind: number;
  /** Inputs that a sequence keeps: if causal those that later windows read, else none. */
  readonly history: number;
  /** Columns of a step's input and output. */
  readonly inner: number;
  readonly units: number;
}

/**
 * Windows that are concatenated at a time: few enough that they are still in the cache when they are
 * multiplied.
 */
const windowRows = 96;

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

export const run: StepLayerRun<CompiledConv1d, Conv1dPlace> = {
  acrossSteps: true,
  scratch: ({ taps, inner }) => ({
    windows: windowRows * padded(taps * inner),
    window_addresses: windowRows * taps,
  }),
  place({ history, inner }, { x, y, maxRows, keptFloats, keep, causal, scratch }) {
    const width = padded(inner);
    const parts = Array.from({ length: history }, (_, slot) => [slot * width, slot * width + inner] as const);
    const stride = history * width;
    return {
      x,
      y,
      history:
        history === 0
          ? 0
          : keep({
              name: 'history',
              address: keptFloats(maxRows * stride),
              stride,
              parts,
              kept: causal,
              first: null,
            }),
      windows: scratch('windows'),
      addresses: scratch('window_addresses'),
      zeros: keptFloats(padded(inner)),
    };
  },
  create: (conv, context, place) => (tick) => runConv1d(conv, context, tick.plan, place),
};

/** y [packed, padded(units)] ← activation(b + W · window). x [packed, padded(inner)] */
function runConv1d(conv: CompiledConv1d, context: RunContext, plan: Plan, at: Conv1dPlace): void {
  const { taps, dilation, behind, history, inner } = conv;
  const stride = padded(inner) * 4;
  const { functions, floats } = context;
  const addresses = new Int32Array(floats().buffer, at.addresses, windowRows * taps);
  const findAddress = (row: number, step: number): number => {
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
        addresses[filled * taps + tap] = findAddress(row, t - behind + tap * dilation);
      if (++filled === windowRows) multiply();
    }
  if (filled > 0) multiply();
  if (history > 0) keepInputs(conv, floats(), plan, at);
}

/** history ← the last inputs of every sequence of the tick. */
function keepInputs(
  { history, inner }: CompiledConv1d,
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
