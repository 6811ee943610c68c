import { collectWindows, convolveChannels, gatherFloats, scatterChannels } from './float32-loops.ts';
import { createOperand, elementCount, invalidOperator, lazy } from './operand.ts';
import { numberAttribute, type JointWork, type OperatorImplementation } from './operator.ts';
import { requireInputs } from './shape.ts';
import { forEachRow, inSlices } from './slices.ts';
import { computeWindows } from './windows.ts';

// Convolutions: a product on the kernel where the matrix is constant, else sums in float64 from the first term to the last.

/** x [batch, in, …spatial]  w [out, in / groups, …kernel]  b [out]  y [batch, out, …spatial] */
export const conv: OperatorImplementation = (operator, inputs, context) => {
  const [x, w] = requireInputs(inputs.slice(0, 2), 2);
  const bias = inputs[2];
  const groups = numberAttribute(operator, 'group', 1);
  const [batch = 0, channels = 0, ...spatial] = x!.shape;
  const [out = 0, own = 0, ...kernel] = w!.shape;
  if (groups < 1 || own * groups !== channels || out % groups !== 0 || spatial.length === 0)
    invalidOperator(
      `a kernel of [${w!.shape.join(', ')}] in ${groups} groups does not fit [${x!.shape.join(', ')}]`,
    );
  const windows = computeWindows(operator, spatial, kernel);
  const count = elementCount(windows.shape);
  const y = createOperand(
    context,
    x!.kind,
    [batch, out, ...windows.shape],
    [x, w, bias].every((operand) => operand?.known ?? true),
  );
  const packed = x!.kind === 'float' ? context.product(operator) : null;
  const positions = elementCount(spatial);
  const sums = new Float64Array(packed ? 0 : count);
  const floats = [x!, w!, y].map(({ values }) => values);
  const isDepthwise =
    own === 1 && windows.line !== null && floats.every((values) => values instanceof Float32Array);
  const work = packed
    ? prepareWindowProduct()
    : isDepthwise
      ? prepareDepthwise()
      : inSlices(batch * out * count, (own * windows.size) / 2, (from, to) =>
          forEachRow(from, to, count, (channel, first, last) =>
            sumChannel(Math.floor(channel / out), channel % out, first, last),
          ),
        );
  return { outputs: [y], ...work };

  function prepareDepthwise() {
    const [xs, ws, ys] = floats as Float32Array[];
    const sizes = { window: windows.line!, positions, rows: count, out, each: out / groups };
    return inSlices(batch * out, (count * windows.size) / 2, (from, to) =>
      convolveChannels(xs!, ws!, bias?.values, ys!, sizes, from, to),
    );
  }

  /** The convolution as one product, with every window as a row of x. */
  function prepareWindowProduct() {
    const inner = own * windows.size;
    const rows = createOperand(context, 'float', [count, inner]).values as Float32Array;
    const sums = createOperand(context, 'float', [count, out]).values as Float32Array;
    // the source index of each element of a row, in the first sequence
    const table = lazy(() => {
      const from = new Int32Array(rows.length);
      const at = windows.indexes();
      for (let r = 0; r < count; r++)
        for (let c = 0; c < own; c++)
          for (let k = 0; k < windows.size; k++) {
            const position = at[r * windows.size + k]!;
            from[r * inner + c * windows.size + k] = position < 0 ? -1 : c * positions + position;
          }
      return from;
    });
    const [xs, ys] = [x!.values as Float32Array, y.values as Float32Array];
    /** Windows first … last − 1 of a sequence, one after the other in `rows`. */
    const collect = (n: number, first: number, last: number): void => {
      const start = n * channels * positions;
      if (windows.line) collectWindows(xs, start, own, positions, windows.line, rows, first, last);
      else gatherFloats(xs.subarray(start), table(), rows, 0, first * inner, last * inner);
    };
    const shifts = bias && !packed!.hasBias ? bias.values : null;
    const scatter = (n: number, first: number, last: number): void =>
      scatterChannels(sums, ys, { at: n * out * count, channels: out, rows: count }, shifts, first, last);
    const work = inSlices(batch * count, inner + (inner * out) / 16, (begin, end) =>
      forEachRow(begin, end, count, (n, first, last) => {
        collect(n, first, last);
        packed!(rows.subarray(first * inner, last * inner), sums, last - first);
        scatter(n, first, last);
      }),
    );
    if (batch !== 1) return work;
    const joint: JointWork = {
      operands: [rows, sums],
      before: () => collect(0, 0, count),
      runAll: (all) =>
        packed!.joined(
          all.map(({ operands }) => operands),
          count,
        ),
      after: () => scatter(0, 0, count),
    };
    return { ...work, joint };
  }

  /**
   * Windows of one output channel: sums in float64, input channel by input channel, from a window's first position to
   * its last.
   */
  function sumChannel(n: number, o: number, low: number, high: number): void {
    const first = Math.floor(o / (out / groups)) * own;
    const [xs, ws, ys] = [x!.values, w!.values, y.values];
    const { size, line } = windows;
    const at = line?.stride === 1 ? null : windows.indexes();
    sums.fill(bias ? bias.values[o]! : 0, low, high);
    for (let c = 0; c < own; c++) {
      const from = (n * channels + first + c) * positions;
      const weights = (o * own + c) * size;
      for (let k = 0; k < size; k++) {
        const weight = ws[weights + k]!;
        if (line?.stride !== 1) {
          for (let r = low; r < high; r++) {
            const position = at![r * size + k]!;
            if (position >= 0) sums[r] = sums[r]! + xs[from + position]! * weight;
          }
        } else {
          // neighbouring windows read neighbouring positions: no index need be looked up
          const shift = k * line.dilation - line.before;
          const start = from + shift;
          const [begin, end] = [Math.max(low, -shift), Math.min(high, positions - shift)];
          for (let r = begin; r < end; r++) sums[r] = sums[r]! + xs[start + r]! * weight;
        }
      }
    }
    ys.set(sums.subarray(low, high), (n * out + o) * count + low);
  }
};
