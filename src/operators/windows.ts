import type { LineWindow } from './float32-loops.ts';
import type { OperatorSpec } from './spec.ts';
import { lazy, stridedIndexes, invalidOperator, elementCount, computeStrides } from './operand.ts';
import { numberAttribute, numberListAttribute, textAttribute } from './operator.ts';

/** The windows of a convolution or a pool over one channel. */
export interface WindowLayout {
  /** Sizes of the result's axes. */
  readonly shape: readonly number[];
  /**
   * The position in the channel of each element of each window, −1 in the padding, −2 past it. [result elements,
   * window elements]
   */
  readonly indexes: () => Int32Array;
  /** Elements of a window. */
  readonly size: number;
  /** Where windows move along a single axis; else null. */
  readonly line: LineWindow | null;
}

/** Elements of all windows of a channel. */
const maxWindowElements = 2 ** 26;

/**
 * Reads strides, dilations and pads of a convolution or a pool.
 * @param spatial sizes of the axes that a window moves along  @param kernel sizes of a window along them
 * @throws UnrollError invalid_model
 */
export function computeWindows(
  operator: OperatorSpec,
  spatial: readonly number[],
  kernel: readonly number[],
): WindowLayout {
  const rank = spatial.length;
  const listAttribute = (name: string): number[] => {
    const list = numberListAttribute(operator, name) ?? Array<number>(rank).fill(1);
    if (list.length !== rank || list.some((value) => value < 1))
      invalidOperator(`${name} [${list.join(', ')}] must have ${rank} positive numbers`);
    return list;
  };
  const [strides, dilations] = [listAttribute('strides'), listAttribute('dilations')];
  if (kernel.length !== rank) invalidOperator(`the kernel [${kernel.join(', ')}] must have ${rank} axes`);
  const reach = kernel.map((size, i) => (size - 1) * dilations[i]! + 1);
  const pads = computePads(operator, spatial, reach, strides);
  const roundsUp = numberAttribute(operator, 'ceil_mode', 0) === 1;
  const shape = spatial.map((size, i) => {
    const range = size + pads.before[i]! + pads.after[i]! - reach[i]!;
    const steps = roundsUp ? Math.ceil(range / strides[i]!) : Math.floor(range / strides[i]!);
    // a window that begins past the end reads nothing
    const last = roundsUp && steps * strides[i]! >= size + pads.before[i]! ? steps - 1 : steps;
    return range < 0
      ? invalidOperator(`a window of ${reach[i]} is longer than the axis of ${size} with its pads`)
      : last + 1;
  });
  const size = elementCount(kernel);
  if (elementCount(shape) * size > maxWindowElements)
    invalidOperator(
      `${elementCount(shape)} windows of ${size} elements, the limit is ${maxWindowElements} elements in total`,
    );
  const indexes = lazy(() => {
    const own = computeStrides(spatial);
    const positions = new Int32Array(elementCount(shape) * size).fill(-1);
    const corners = shape.map((_, axis) =>
      stridedIndexes(
        shape,
        shape.map((__, i) => (i === axis ? strides[i]! : 0)),
        -pads.before[axis]!,
      ),
    );
    const inner = kernel.map((_, axis) =>
      stridedIndexes(
        kernel,
        kernel.map((__, i) => (i === axis ? dilations[i]! : 0)),
      ),
    );
    for (let w = 0; w < elementCount(shape); w++)
      for (let k = 0; k < size; k++) {
        let [position, outside] = [0, 0];
        for (let axis = 0; axis < rank; axis++) {
          const at = corners[axis]![w]! + inner[axis]![k]!;
          if (at >= spatial[axis]! + pads.after[axis]!) outside = -2;
          else if (at < 0 || at >= spatial[axis]!) outside = Math.min(outside, -1);
          position += at * own[axis]!;
        }
        positions[w * size + k] = outside < 0 ? outside : position;
      }
    return positions;
  });
  const line =
    rank === 1 ? { size, stride: strides[0]!, dilation: dilations[0]!, before: pads.before[0]! } : null;
  return { shape, indexes, size, line };
}

function computePads(
  operator: OperatorSpec,
  spatial: readonly number[],
  reach: readonly number[],
  strides: readonly number[],
): { before: number[]; after: number[] } {
  const auto = textAttribute(operator, 'auto_pad', 'NOTSET');
  const given = numberListAttribute(operator, 'pads') ?? Array<number>(2 * spatial.length).fill(0);
  if (auto === 'NOTSET' || auto === 'VALID') {
    const pads = auto === 'VALID' ? given.map(() => 0) : given;
    if (pads.length !== 2 * spatial.length || pads.some((amount) => amount < 0))
      invalidOperator(`pads [${pads.join(', ')}] must be ${2 * spatial.length} numbers of at least 0`);
    return { before: pads.slice(0, spatial.length), after: pads.slice(spatial.length) };
  }
  const total = spatial.map((size, i) =>
    Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + reach[i]! - size),
  );
  const less = total.map((amount) => Math.floor(amount / 2));
  const more = total.map((amount) => Math.ceil(amount / 2));
  if (auto === 'SAME_UPPER') return { before: less, after: more };
  return auto === 'SAME_LOWER'
    ? { before: more, after: less }
    : invalidOperator(`auto_pad ${auto} is not supported`);
}
