import type { OperatorSpec } from './spec.ts';
import { lazy, stridedIndexes, invalidOperator, elementCount, computeStrides } from './operand.ts';
import { numberAttribute, numberListAttribute, textAttribute } from './operator.ts';

/** What a convolution or a pool looks at: for every place of its result, the places of one channel, −1 outside. */
export interface WindowLayout {
  /** Sizes of the result's axes. */
  readonly shape: readonly number[];
  /** [places of the result, places of a window] */
  readonly indexes: () => Int32Array;
  readonly size: number;
  /** Of windows one place apart along a single axis: where each place of the first window is. Else null. */
  readonly shift: Int32Array | null;
}

const maxWindowElements = 2 ** 26;

/** @param spatial sizes of the axes that a window moves along  @param kernel its sizes along them */
export function computeWindows(
  operator: OperatorSpec,
  spatial: readonly number[],
  kernel: readonly number[],
): WindowLayout {
  const rank = spatial.length;
  const each = (name: string): number[] => {
    const list = numberListAttribute(operator, name) ?? Array<number>(rank).fill(1);
    if (list.length !== rank || list.some((one) => one < 1))
      invalidOperator(`${name} [${list.join(', ')}] for ${rank} axes`);
    return list;
  };
  const [strides, dilations] = [each('strides'), each('dilations')];
  if (kernel.length !== rank) invalidOperator(`a kernel of [${kernel.join(', ')}] for ${rank} axes`);
  const reach = kernel.map((size, i) => (size - 1) * dilations[i]! + 1);
  const pads = computePads(operator, spatial, reach, strides);
  const up = numberAttribute(operator, 'ceil_mode', 0) === 1;
  const shape = spatial.map((size, i) => {
    const room = size + pads.before[i]! + pads.after[i]! - reach[i]!;
    const steps = up ? Math.ceil(room / strides[i]!) : Math.floor(room / strides[i]!);
    // a window that begins past the end looks at nothing
    const last = up && steps * strides[i]! >= size + pads.before[i]! ? steps - 1 : steps;
    return room < 0 ? invalidOperator(`a window of ${reach[i]} over ${size} places`) : last + 1;
  });
  const size = elementCount(kernel);
  if (elementCount(shape) * size > maxWindowElements)
    invalidOperator(
      `windows of ${size} places at ${elementCount(shape)} of them, the limit is ${maxWindowElements} together`,
    );
  const places = lazy(() => {
    const own = computeStrides(spatial);
    const places = new Int32Array(elementCount(shape) * size).fill(-1);
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
        let place = 0;
        for (let axis = 0; axis < rank && place >= 0; axis++) {
          const at = corners[axis]![w]! + inner[axis]![k]!;
          place = at < 0 || at >= spatial[axis]! ? -1 : place + at * own[axis]!;
        }
        places[w * size + k] = place;
      }
    return places;
  });
  const shift =
    rank === 1 && strides[0] === 1
      ? Int32Array.from({ length: size }, (_, k) => k * dilations[0]! - pads.before[0]!)
      : null;
  return { shape, indexes: places, size, shift };
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
    if (pads.length !== 2 * spatial.length || pads.some((one) => one < 0))
      invalidOperator(`pads [${pads.join(', ')}]`);
    return { before: pads.slice(0, spatial.length), after: pads.slice(spatial.length) };
  }
  const total = spatial.map((size, i) =>
    Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + reach[i]! - size),
  );
  const less = total.map((one) => Math.floor(one / 2));
  const more = total.map((one) => Math.ceil(one / 2));
  if (auto === 'SAME_UPPER') return { before: less, after: more };
  return auto === 'SAME_LOWER' ? { before: more, after: less } : invalidOperator(`auto_pad ${auto}`);
}
