import {
  computeStrides,
  constantValues,
  createOperand,
  elementCount,
  invalidOperator,
  normaliseAxis,
} from './operand.ts';
import {
  numberAttribute,
  numberListAttribute,
  textAttribute,
  type OperatorImplementation,
} from './operator.ts';
import { required } from './shape.ts';
import type { OperatorSpec } from './spec.ts';

// Resize along any axes, one axis after the other: every position of the result is a sum of a few of the
// input's, which are clamped to its borders.

/** What one position of an axis is made of: positions and weights. */
type Taps = readonly (readonly [position: number, weight: number])[];

interface Axis {
  readonly size: number;
  readonly length: number;
  readonly scale: number;
  /** The region of interest, as parts of the axis. */
  readonly region: readonly [start: number, end: number];
}

/** Where a position of the result is in the input. */
function toSource(mode: string, x: number, { size, length, scale, region: [start, end] }: Axis): number {
  switch (mode) {
    case 'half_pixel':
      return (x + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = length / (scale * size);
      return (size / 2) * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
    case 'pytorch_half_pixel':
      return length > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case 'tf_half_pixel_for_nn':
      return (x + 0.5) / scale;
    case 'align_corners':
      return length > 1 ? (x * (size - 1)) / (length - 1) : 0;
    case 'asymmetric':
      return x / scale;
    case 'tf_crop_and_resize':
      return length > 1
        ? start * (size - 1) + (x * (end - start) * (size - 1)) / (length - 1)
        : 0.5 * (start + end) * (size - 1);
    default:
      return invalidOperator(`coordinate_transformation_mode ${mode} is not supported`);
  }
}

const nearest: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Weights of the cubic convolution of Keys (1981) for the four positions around, `part` past the second. */
function cubicWeights(part: number, a: number): number[] {
  const inner = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const outer = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [outer(part + 1), inner(part), inner(1 - part), outer(2 - part)];
}

function createTaps(operator: OperatorSpec, axis: Axis): (x: number) => Taps | null {
  const mode = textAttribute(operator, 'mode', 'nearest');
  const transformation = textAttribute(operator, 'coordinate_transformation_mode', 'half_pixel');
  const nearestMode = textAttribute(operator, 'nearest_mode', 'round_prefer_floor');
  const round = nearest[nearestMode] ?? invalidOperator(`nearest_mode ${nearestMode} is not supported`);
  const a = numberAttribute(operator, 'cubic_coeff_a', -0.75);
  const excludes = numberAttribute(operator, 'exclude_outside', 0) !== 0;
  const { size } = axis;
  const clamp = (position: number): number => Math.min(Math.max(position, 0), size - 1);
  return (x) => {
    const source = toSource(transformation, x, axis);
    if (transformation === 'tf_crop_and_resize' && (source < 0 || source > size - 1)) return null;
    if (mode === 'nearest') return [[clamp(round(source)), 1]];
    const down = Math.floor(source);
    const part = source - down;
    const [first, weights] = mode === 'linear' ? [down, [1 - part, part]] : [down - 1, cubicWeights(part, a)];
    const used = weights.map((weight, k) =>
      excludes && mode === 'cubic' && clamp(first + k) !== first + k ? 0 : weight,
    );
    const sum = excludes && mode === 'cubic' ? used.reduce((total, weight) => total + weight, 0) : 1;
    return used.map((weight, k) => [clamp(first + k), weight / sum] as const);
  };
}

/** The resized axes: from scales, or from sizes, which keep the aspect ratio where the policy says so. */
function readAxes(
  operator: OperatorSpec,
  shape: readonly number[],
  [roi, scalesInput, sizesInput]: readonly (ReturnType<typeof required> | undefined)[],
): Map<number, Axis> {
  const scales = scalesInput ? constantValues(scalesInput, 'scales') : [];
  const sizes = sizesInput ? constantValues(sizesInput, 'sizes') : [];
  const on = (numberListAttribute(operator, 'axes') ?? shape.map((_, i) => i)).map((axis) =>
    normaliseAxis(axis, shape.length),
  );
  if ((scales.length === 0) === (sizes.length === 0)) invalidOperator('it must have either scales or sizes');
  if ((scales.length || sizes.length) !== on.length)
    invalidOperator(`${scales.length || sizes.length} scales or sizes for ${on.length} axes`);
  const policy = textAttribute(operator, 'keep_aspect_ratio_policy', 'stretch');
  const ratios = sizes.map((size, i) => size / shape[on[i]!]!);
  const common =
    policy === 'not_larger' ? Math.min(...ratios) : policy === 'not_smaller' ? Math.max(...ratios) : null;
  const regions = roi && roi.values.length > 0 ? constantValues(roi, 'roi') : [];
  return new Map(
    on.map((axis, i) => {
      const size = shape[axis]!;
      const scale = scales[i] ?? common ?? ratios[i]!;
      const length =
        sizes.length === 0
          ? Math.floor(size * scale)
          : common === null
            ? sizes[i]!
            : Math.floor(common * size + 0.5);
      return [axis, { size, length, scale, region: [regions[i] ?? 0, regions[i + on.length] ?? 1] }];
    }),
  );
}

const resize: OperatorImplementation = (operator, [x, ...sizing], context) => {
  const from = required(x);
  const mode = textAttribute(operator, 'mode', 'nearest');
  if (!['nearest', 'linear', 'cubic'].includes(mode)) invalidOperator(`mode ${mode} is not supported`);
  if (numberAttribute(operator, 'antialias', 0) !== 0) invalidOperator('antialias is not supported');
  const outside = numberAttribute(operator, 'extrapolation_value', 0);
  const axes = readAxes(operator, from.shape, sizing);
  const runs: (() => void)[] = [];
  let last = from;
  for (const [axis, own] of axes) {
    const [source, shape] = [last, last.shape.with(axis, own.length)];
    if (own.length === own.size && own.scale === 1 && own.region.join() === '0,1') continue;
    const y = createOperand(context, from.kind, shape, from.known);
    const tapsAt = createTaps(operator, own);
    const after = computeStrides(shape)[axis]!;
    const before = elementCount(shape.slice(0, axis));
    runs.push(() => {
      for (let position = 0; position < own.length; position++) {
        const taps = tapsAt(position);
        for (let row = 0; row < before; row++)
          for (let k = 0; k < after; k++) {
            let sum = taps ? 0 : outside;
            for (const [at, weight] of taps ?? [])
              sum += weight * source.values[(row * own.size + at) * after + k]!;
            y.values[(row * own.length + position) * after + k] = sum;
          }
      }
    });
    last = y;
  }
  return { outputs: [last], run: runs.length === 0 ? null : () => runs.forEach((run) => run()) };
};

export const resizeOperators: Readonly<Record<string, OperatorImplementation>> = { Resize: resize };
