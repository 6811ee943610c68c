import {
  normaliseAxis,
  constantValues,
  createOperand,
  stridedIndexes,
  invalidOperator,
  elementCount,
  computeStrides,
} from './operand.ts';
import { numberAttribute, textAttribute, type OperatorImplementation } from './operator.ts';
import { gathered, required, reshaped } from './shape.ts';

// Operators that cut a tensor, put something around it, or put several together.

const slice: OperatorImplementation = (_, [x, starts, ends, axes, steps], preparing) => {
  const from = required(x);
  const first = constantValues(starts, 'starts');
  const last = constantValues(ends, 'ends');
  const on = axes ? constantValues(axes, 'axes') : first.map((__, i) => i);
  const by = steps ? constantValues(steps, 'steps') : first.map(() => 1);
  const shape = [...from.shape];
  const strides = computeStrides(from.shape);
  let start = 0;
  first.forEach((wanted, i) => {
    const axis = normaliseAxis(on[i] ?? NaN, from.shape.length);
    const [size, step] = [from.shape[axis]!, by[i] ?? 1];
    if (step === 0) invalidOperator('a step of 0');
    const from0 = (place: number): number => (place < 0 ? place + size : place);
    const limit = (place: number): number =>
      step > 0 ? Math.min(Math.max(place, 0), size) : Math.min(Math.max(place, -1), size - 1);
    const begin = limit(from0(wanted));
    const end = limit(from0(last[i] ?? NaN));
    shape[axis] = Math.max(0, Math.ceil((end - begin) / step));
    start += begin * strides[axis]!;
    strides[axis] = strides[axis]! * step;
  });
  if (shape.join() === from.shape.join() && start === 0) return reshaped(from, shape);
  return gathered(from, shape, () => stridedIndexes(shape, strides, start), preparing);
};

const pad: OperatorImplementation = (operator, [x, pads, value, axes], preparing) => {
  const from = required(x);
  const amounts = constantValues(pads, 'pads');
  const on = (axes ? constantValues(axes, 'axes') : from.shape.map((_, i) => i)).map((axis) =>
    normaliseAxis(axis, from.shape.length),
  );
  const mode = textAttribute(operator, 'mode', 'constant');
  const before = from.shape.map((_, i) => (on.includes(i) ? amounts[on.indexOf(i)]! : 0));
  const after = from.shape.map((_, i) => (on.includes(i) ? amounts[on.indexOf(i) + on.length]! : 0));
  const shape = from.shape.map((size, i) => size + before[i]! + after[i]!);
  if (amounts.length !== 2 * on.length) invalidOperator(`${amounts.length} pads for ${on.length} axes`);
  const inside = (place: number, size: number): number => {
    if (place >= 0 && place < size) return place;
    if (mode === 'constant') return -1;
    if (mode === 'edge') return place < 0 ? 0 : size - 1;
    if (mode === 'wrap') return ((place % size) + size) % size;
    if (mode !== 'reflect') return invalidOperator(`mode ${mode}`);
    const turn = 2 * (size - 1);
    if (turn === 0) return 0;
    const folded = ((place % turn) + turn) % turn;
    return folded < size ? folded : turn - folded;
  };
  const strides = computeStrides(from.shape);
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
  const filler = value ? (constantValues(value, 'the value')[0] ?? 0) : 0;
  return gathered(from, shape, placesMade, preparing, filler);
};

const concat: OperatorImplementation = (operator, inputs, preparing) => {
  const parts = inputs.map(required);
  const [first] = parts;
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), first!.shape.length);
  for (const { shape } of parts)
    if (
      shape.length !== first!.shape.length ||
      shape.some((size, i) => i !== axis && size !== first!.shape[i])
    )
      invalidOperator(
        `joins [${parts.map((part) => part.shape.join(', ')).join('] and [')}] over axis ${axis}`,
      );
  const shape = first!.shape.map((size, i) =>
    i === axis ? parts.reduce((sum, part) => sum + part.shape[axis]!, 0) : size,
  );
  const y = createOperand(
    preparing,
    first!.kind,
    shape,
    parts.every(({ known }) => known),
  );
  const rows = elementCount(shape.slice(0, axis));
  const stride = elementCount(shape.slice(axis));
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

const split: OperatorImplementation = (operator, [x, sizes], preparing) => {
  const from = required(x);
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  const whole = from.shape[axis]!;
  const count = operator.outputs.length;
  const each = Math.ceil(whole / count);
  const lengths = sizes
    ? constantValues(sizes, 'split')
    : Array.from({ length: count }, (_, i) => Math.min(each, whole - i * each));
  if (lengths.reduce((sum, size) => sum + size, 0) !== whole || lengths.length !== count)
    invalidOperator(`parts of ${lengths.join(', ')} of ${whole}`);
  const strides = computeStrides(from.shape);
  let start = 0;
  const parts = lengths.map((size) => {
    const shape = from.shape.map((one, i) => (i === axis ? size : one));
    const first = start * strides[axis]!;
    const part = gathered(from, shape, () => stridedIndexes(shape, strides, first), preparing);
    start += size;
    return part;
  });
  return { outputs: parts.map(({ outputs }) => outputs[0]!), run: () => parts.forEach(({ run }) => run?.()) };
};

export const sliceJoinOperators: Readonly<Record<string, OperatorImplementation>> = {
  Slice: slice,
  Pad: pad,
  Concat: concat,
  Split: split,
};
