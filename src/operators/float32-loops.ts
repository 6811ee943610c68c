// Loops over float32 alone. A loop that has also seen float64, as the verification of a view and integers have, is compiled to
// code that tests each array it reads.

/** A window that moves along one axis. */
export interface LineWindow {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before the first number. */
  readonly before: number;
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** The windows, of `low` to `high` − 1, in which element `k` is a number, not padding: first and end. */
const windowsWith = (
  { stride, dilation, before }: LineWindow,
  k: number,
  positions: number,
  low: number,
  high: number,
): readonly [number, number] => {
  const offset = k * dilation - before;
  const first = clamp(Math.ceil(-offset / stride), low, high);
  return [first, clamp(Math.ceil((positions - offset) / stride), first, high)];
};

/** Windows as long as this are copied as a block where they have no padding. */
const block = 32;

/** rows [windows, channels · size] ← windows low … high − 1 of x [channels, positions], which begins at `start`. */
export function collectWindows(
  x: Float32Array,
  start: number,
  channels: number,
  positions: number,
  window: LineWindow,
  rows: Float32Array,
  low: number,
  high: number,
): void {
  const { size, stride, dilation, before } = window;
  const inner = channels * size;
  if (before === 0 && dilation === 1 && size >= block && (high - 1) * stride + size <= positions) {
    for (let r = low; r < high; r++)
      for (let c = 0; c < channels; c++) {
        const from = start + c * positions + r * stride;
        rows.set(x.subarray(from, from + size), r * inner + c * size);
      }
    return;
  }
  // what is padding has been 0 from the start
  for (let k = 0; k < size; k++) {
    const [first, end] = windowsWith(window, k, positions, low, high);
    for (let c = 0; c < channels; c++) {
      let from = start + c * positions + first * stride + k * dilation - before;
      const last = end * inner + c * size + k;
      for (let to = first * inner + c * size + k; to < last; to += inner, from += stride) rows[to] = x[from]!;
    }
  }
}

/** y [channels, rows] ← sums [rows, channels], rows first … last − 1, plus a number per channel. */
export function scatterChannels(
  sums: Float32Array,
  y: Float32Array,
  { at, channels, rows }: { at: number; channels: number; rows: number },
  bias: ArrayLike<number> | null,
  first: number,
  last: number,
): void {
  for (let o = 0; o < channels; o++) {
    const to = at + o * rows;
    const shift = bias ? bias[o]! : 0;
    if (bias) for (let r = first; r < last; r++) y[to + r] = sums[(r - first) * channels + o]! + shift;
    else for (let r = first; r < last; r++) y[to + r] = sums[(r - first) * channels + o]!;
  }
}

/** Sizes of a convolution of single channels: x [batch · out / each, positions], w [out, size], y [batch · out, rows]. */
interface ChannelSizes {
  readonly window: LineWindow;
  readonly positions: number;
  readonly rows: number;
  readonly out: number;
  /** Output channels of an input channel. */
  readonly each: number;
}

/** Rows first … last − 1 of y: sums in float64, from the bias and a window's first number to its last. */
export function convolveChannels(
  x: Float32Array,
  w: Float32Array,
  bias: ArrayLike<number> | undefined,
  y: Float32Array,
  { window, positions, rows, out, each }: ChannelSizes,
  first: number,
  last: number,
): void {
  const { size, stride, dilation, before } = window;
  const [low] = windowsWith(window, 0, positions, 0, rows);
  const [, high] = windowsWith(window, size - 1, positions, 0, rows);
  for (let channel = first; channel < last; channel++) {
    const o = channel % out;
    const start = Math.floor(channel / each) * positions;
    const weights = o * size;
    const initial = bias ? bias[o]! : 0;
    for (let r = 0; r < rows; r++) {
      let at = start + r * stride - before;
      let sum = initial;
      if (r >= low && r < high)
        for (let k = weights; k < weights + size; k++, at += dilation) sum += x[at]! * w[k]!;
      else
        for (let k = weights; k < weights + size; k++, at += dilation)
          if (at >= start && at < start + positions) sum += x[at]! * w[k]!;
      y[channel * rows + r] = sum;
    }
  }
}

/** y[i] ← x[indexes[i]], or `fill` where the index is −1. */
export function gatherFloats(
  x: Float32Array,
  indexes: Int32Array,
  y: Float32Array,
  fill: number,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) {
    const index = indexes[i]!;
    y[i] = index < 0 ? fill : x[index]!;
  }
}
