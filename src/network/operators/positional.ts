import type { OperatorSpec } from '../program-spec.ts';
import {
  axisOf,
  broadcast,
  broadcastStrides,
  knownNumbers,
  later,
  operandOf,
  placesOf,
  refuseOperator,
  reshaped,
  sizeOf,
  stridesOf,
  type Operand,
} from './operand.ts';
import { numberOf, numbersOf, textOf, type OperatorKind, type Prepared, type Preparing } from './operator.ts';

// Operators that move numbers and compute none: a reshape is the same numbers, everything else a table of places made when prepared.

/** An input that must be there. */
export const outer = (x: Operand | undefined): Operand => x ?? refuseOperator('an input is missing');
const same = (x: Operand, shape: readonly number[]): Prepared => {
  if (sizeOf(shape) !== x.values.length || !shape.every(Number.isInteger))
    refuseOperator(`[${x.shape.join(', ')}] as [${shape.join(', ')}]`);
  return { outputs: [reshaped(x, shape)], run: null };
};

/** y[i] ← x[places[i]], and `otherwise` where that is −1. */
function moved(
  x: Operand,
  shape: readonly number[],
  placesMade: () => Int32Array,
  preparing: Preparing,
  otherwise = 0,
): Prepared {
  const y = operandOf(preparing, x.kind, shape, x.known);
  const [from, to] = [x.values, y.values];
  const table = later(placesMade);
  return {
    outputs: [y],
    run: () => {
      const places = table();
      for (let i = 0; i < to.length; i++) {
        const place = places[i]!;
        to[i] = place < 0 ? otherwise : from[place]!;
      }
    },
  };
}

const shapeKnown = (preparing: Preparing, numbers: readonly number[], rank: number[]): Prepared => {
  const y = operandOf(preparing, 'int', rank, true);
  y.values.set(numbers);
  return { outputs: [y], run: null };
};

const reshape: OperatorKind = (operator, [x, target]) => {
  const from = outer(x);
  const wanted = knownNumbers(target, 'the new shape').map((size, i) =>
    size === 0 && numberOf(operator, 'allowzero', 0) === 0 ? (from.shape[i] ?? 0) : size,
  );
  const rest = wanted.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return same(
    from,
    wanted.map((size) => (size === -1 ? (rest === 0 ? 0 : from.values.length / rest) : size)),
  );
};

const axesOf = (operator: OperatorSpec, given: Operand | undefined, rank: number): number[] | null => {
  const axes = numbersOf(operator, 'axes') ?? (given ? knownNumbers(given, 'axes') : null);
  return axes?.map((axis) => axisOf(axis, rank)) ?? null;
};

const squeeze: OperatorKind = (operator, [x, given]) => {
  const from = outer(x);
  const axes =
    axesOf(operator, given, from.shape.length) ?? from.shape.flatMap((size, i) => (size === 1 ? [i] : []));
  for (const axis of axes)
    if (from.shape[axis] !== 1) refuseOperator(`takes axis ${axis} of [${from.shape.join(', ')}] away`);
  return same(
    from,
    from.shape.filter((_, i) => !axes.includes(i)),
  );
};

const unsqueeze: OperatorKind = (operator, [x, given]) => {
  const from = outer(x);
  const count = (numbersOf(operator, 'axes') ?? knownNumbers(given, 'axes')).length;
  const axes = new Set(axesOf(operator, given, from.shape.length + count));
  let next = 0;
  return same(
    from,
    Array.from({ length: from.shape.length + axes.size }, (_, i) => (axes.has(i) ? 1 : from.shape[next++]!)),
  );
};

const flatten: OperatorKind = (operator, [x]) => {
  const from = outer(x);
  const axis = numberOf(operator, 'axis', 1);
  const cut = axis === from.shape.length ? axis : axisOf(axis, from.shape.length);
  return same(from, [sizeOf(from.shape.slice(0, cut)), sizeOf(from.shape.slice(cut))]);
};

const transpose: OperatorKind = (operator, [x], preparing) => {
  const from = outer(x);
  const order = numbersOf(operator, 'perm') ?? from.shape.map((_, i) => from.shape.length - 1 - i);
  if (order.toSorted((a, b) => a - b).join() !== from.shape.map((_, i) => i).join())
    refuseOperator(`perm [${order.join(', ')}] of ${from.shape.length} dimensions`);
  const shape = order.map((axis) => from.shape[axis]!);
  const strides = stridesOf(from.shape);
  // axes of 1 may go anywhere without a number moving
  const long = order.filter((axis) => from.shape[axis]! > 1);
  if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return same(from, shape);
  return moved(
    from,
    shape,
    () =>
      placesOf(
        shape,
        order.map((axis) => strides[axis]!),
      ),
    preparing,
  );
};

const slice: OperatorKind = (_, [x, starts, ends, axes, steps], preparing) => {
  const from = outer(x);
  const first = knownNumbers(starts, 'starts');
  const last = knownNumbers(ends, 'ends');
  const on = axes ? knownNumbers(axes, 'axes') : first.map((__, i) => i);
  const by = steps ? knownNumbers(steps, 'steps') : first.map(() => 1);
  const shape = [...from.shape];
  const strides = stridesOf(from.shape);
  let start = 0;
  first.forEach((wanted, i) => {
    const axis = axisOf(on[i] ?? NaN, from.shape.length);
    const [size, step] = [from.shape[axis]!, by[i] ?? 1];
    if (step === 0) refuseOperator('a step of 0');
    const from0 = (place: number): number => (place < 0 ? place + size : place);
    const limit = (place: number): number =>
      step > 0 ? Math.min(Math.max(place, 0), size) : Math.min(Math.max(place, -1), size - 1);
    const begin = limit(from0(wanted));
    const end = limit(from0(last[i] ?? NaN));
    shape[axis] = Math.max(0, Math.ceil((end - begin) / step));
    start += begin * strides[axis]!;
    strides[axis] = strides[axis]! * step;
  });
  if (shape.join() === from.shape.join() && start === 0) return same(from, shape);
  return moved(from, shape, () => placesOf(shape, strides, start), preparing);
};

const pad: OperatorKind = (operator, [x, pads, value, axes], preparing) => {
  const from = outer(x);
  const amounts = knownNumbers(pads, 'pads');
  const on = (axes ? knownNumbers(axes, 'axes') : from.shape.map((_, i) => i)).map((axis) =>
    axisOf(axis, from.shape.length),
  );
  const mode = textOf(operator, 'mode', 'constant');
  const before = from.shape.map((_, i) => (on.includes(i) ? amounts[on.indexOf(i)]! : 0));
  const after = from.shape.map((_, i) => (on.includes(i) ? amounts[on.indexOf(i) + on.length]! : 0));
  const shape = from.shape.map((size, i) => size + before[i]! + after[i]!);
  if (amounts.length !== 2 * on.length) refuseOperator(`${amounts.length} pads for ${on.length} axes`);
  const inside = (place: number, size: number): number => {
    if (place >= 0 && place < size) return place;
    if (mode === 'constant') return -1;
    if (mode === 'edge') return place < 0 ? 0 : size - 1;
    if (mode === 'wrap') return ((place % size) + size) % size;
    if (mode !== 'reflect') return refuseOperator(`mode ${mode}`);
    const turn = 2 * (size - 1);
    if (turn === 0) return 0;
    const folded = ((place % turn) + turn) % turn;
    return folded < size ? folded : turn - folded;
  };
  const strides = stridesOf(from.shape);
  const placesMade = (): Int32Array => {
    let places: Int32Array = new Int32Array(1);
    shape.forEach((size, axis) => {
      const wider = new Int32Array(places.length * Math.max(size, 0));
      for (let i = 0; i < places.length; i++)
        for (let k = 0; k < size; k++) {
          const at = inside(k - before[axis]!, from.shape[axis]!);
          wider[i * size + k] = places[i]! < 0 || at < 0 ? -1 : places[i]! + at * strides[axis]!;
        }
      places = wider;
    });
    return places;
  };
  const filler = value ? (knownNumbers(value, 'the value')[0] ?? 0) : 0;
  return moved(from, shape, placesMade, preparing, filler);
};

const concat: OperatorKind = (operator, inputs, preparing) => {
  const parts = inputs.map(outer);
  const [first] = parts;
  const axis = axisOf(numberOf(operator, 'axis', 0), first!.shape.length);
  for (const { shape } of parts)
    if (
      shape.length !== first!.shape.length ||
      shape.some((size, i) => i !== axis && size !== first!.shape[i])
    )
      refuseOperator(
        `joins [${parts.map((part) => part.shape.join(', ')).join('] and [')}] over axis ${axis}`,
      );
  const shape = first!.shape.map((size, i) =>
    i === axis ? parts.reduce((sum, part) => sum + part.shape[axis]!, 0) : size,
  );
  const y = operandOf(
    preparing,
    first!.kind,
    shape,
    parts.every(({ known }) => known),
  );
  const rows = sizeOf(shape.slice(0, axis));
  const stride = sizeOf(shape.slice(axis));
  return {
    outputs: [y],
    run: () => {
      let column = 0;
      for (const { values } of parts) {
        const width = rows === 0 ? 0 : values.length / rows;
        for (let row = 0; row < rows; row++)
          y.values.set(values.subarray(row * width, (row + 1) * width), row * stride + column);
        column += width;
      }
    },
  };
};

const split: OperatorKind = (operator, [x, sizes], preparing) => {
  const from = outer(x);
  const axis = axisOf(numberOf(operator, 'axis', 0), from.shape.length);
  const whole = from.shape[axis]!;
  const count = operator.outputs.length;
  const each = Math.ceil(whole / count);
  const lengths = sizes
    ? knownNumbers(sizes, 'split')
    : Array.from({ length: count }, (_, i) => Math.min(each, whole - i * each));
  if (lengths.reduce((sum, size) => sum + size, 0) !== whole || lengths.length !== count)
    refuseOperator(`parts of ${lengths.join(', ')} of ${whole}`);
  const strides = stridesOf(from.shape);
  let start = 0;
  const parts = lengths.map((size) => {
    const shape = from.shape.map((one, i) => (i === axis ? size : one));
    const first = start * strides[axis]!;
    const part = moved(from, shape, () => placesOf(shape, strides, first), preparing);
    start += size;
    return part;
  });
  return { outputs: parts.map(({ outputs }) => outputs[0]!), run: () => parts.forEach(({ run }) => run?.()) };
};

const expand: OperatorKind = (_, [x, target], preparing) => {
  const from = outer(x);
  const shape = broadcast(from.shape, knownNumbers(target, 'the new shape'));
  if (sizeOf(shape) === from.values.length) return same(from, shape);
  return moved(from, shape, () => placesOf(shape, broadcastStrides(from.shape, shape)), preparing);
};

const tile: OperatorKind = (_, [x, repeats], preparing) => {
  const from = outer(x);
  const times = knownNumbers(repeats, 'repeats');
  const shape = from.shape.map((size, i) => size * (times[i] ?? NaN));
  const strides = stridesOf(from.shape);
  // every axis twice: which copy, which place in it
  const wide = from.shape.flatMap((size, i) => [times[i]!, size]);
  return moved(
    from,
    shape,
    () =>
      placesOf(
        wide,
        strides.flatMap((stride) => [0, stride]),
      ),
    preparing,
  );
};

export const positional: Readonly<Record<string, OperatorKind>> = {
  Identity: (_, [x]) => ({ outputs: [outer(x)], run: null }),
  /** Its mask, where it is read, says that everything stays. */
  Dropout: (_, [x], preparing) => {
    const mask = operandOf(preparing, 'bool', outer(x).shape, true);
    mask.values.fill(1);
    return { outputs: [outer(x), mask], run: null };
  },
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Transpose: transpose,
  Slice: slice,
  Pad: pad,
  Concat: concat,
  Split: split,
  Expand: expand,
  Tile: tile,
  Shape: (operator, [x], preparing) => {
    const { shape } = outer(x);
    const part = shape.slice(numberOf(operator, 'start', 0), numberOf(operator, 'end', shape.length));
    return shapeKnown(preparing, part, [part.length]);
  },
  Size: (_, [x], preparing) => shapeKnown(preparing, [sizeOf(outer(x).shape)], []),
};
