import { createOperand, invalidOperator, type Values } from './operand.ts';
import {
  numberAttribute,
  textAttribute,
  type JointWork,
  type OperatorImplementation,
  type RecurrentSweep,
} from './operator.ts';
import { required } from './shape.ts';
import { productsPerElement } from './estimate-work.ts';
import { finish, sliceElements } from './slices.ts';

// RNN, GRU, LSTM (https://onnx.ai/onnx/operators/onnx__LSTM.html), layout 0: X [steps, batch, in], W
// [directions, G·units, in],
// R [directions, G·units, units], B [directions, 2·G·units], lengths [batch], h and c [directions, batch,
// units],
// P [directions, 3·units]; Y [steps, directions, batch, units], Y_h and Y_c [directions, batch, units].
// Layout 1 has the batch first.
// Beyond ONNX, lengths may be a mask, booleans [batch, steps]: a masked step (false) leaves the state as it is.
// Its row of Y is zeros or, with the attribute `masked` repeat, the row of the step computed before it.

const recurrentOperator: OperatorImplementation = (operator, inputs, context) => {
  const [x, w, , , lengths, h, c] = inputs;
  const from = required(x);
  const sweeps = context.sweeps(operator, inputs);
  const batchFirst = numberAttribute(operator, 'layout', 0) === 1;
  if (from.shape.length !== 3)
    invalidOperator(`X must have three dimensions, not [${from.shape.join(', ')}]`);
  const [steps, batch] = batchFirst ? [from.shape[1]!, from.shape[0]!] : [from.shape[0]!, from.shape[1]!];
  const width = from.shape[2]!;
  if (w!.shape[2] !== width)
    invalidOperator(`X has ${width} columns, W [${w!.shape.join(', ')}] reads ${w!.shape[2]}`);
  const { units, hasCellState } = sweeps[0]!;
  const directions = sweeps.length;
  const direction = textAttribute(operator, 'direction', 'forward');
  const y = createOperand(
    context,
    from.kind,
    batchFirst ? [batch, steps, directions, units] : [steps, directions, batch, units],
  );
  const stateShape = batchFirst ? [batch, directions, units] : [directions, batch, units];
  const [yh, yc] = [
    createOperand(context, from.kind, stateShape),
    createOperand(context, from.kind, stateShape),
  ];
  for (const [state, name] of [
    [h, 'initial_h'],
    [c, 'initial_c'],
  ] as const)
    if (state && state.shape.join() !== stateShape.join())
      invalidOperator(`${name} is [${state.shape.join(', ')}], must be [${stateShape.join(', ')}]`);
  const isMask = lengths?.kind === 'bool';
  if (lengths && lengths.shape.join() !== (isMask ? `${batch},${steps}` : String(batch)))
    invalidOperator(
      `sequence_lens is [${lengths.shape.join(', ')}], must be [${batch}], or a mask [${batch}, ${steps}]`,
    );
  const repeats = textAttribute(operator, 'masked', 'zero') === 'repeat';

  const [sweepInput, sweepOutput] = [
    createOperand(context, 'float', [steps, batch, width]),
    createOperand(context, 'float', [steps, batch, units]),
  ];
  const [sweepH, sweepC] = [
    createOperand(context, 'float', [batch, units]),
    createOperand(context, 'float', [batch, units]),
  ];
  const stateAt = (d: number, b: number): number => (batchFirst ? b * directions + d : d * batch + b) * units;
  const xAt = (t: number, b: number): number => (batchFirst ? b * steps + t : t * batch + b) * width;
  const yAt = (t: number, d: number, b: number): number =>
    (batchFirst ? (b * steps + t) * directions + d : (t * directions + d) * batch + b) * units;

  const isReversed = (d: number): boolean => direction === 'reverse' || d === 1;

  /** Runs one direction over some steps, in their order, of the sequences first … first + count − 1. */
  function* runSweep(
    d: number,
    sweep: RecurrentSweep,
    first: number,
    count: number,
    positions: ArrayLike<number>,
  ): Generator<void> {
    const { length } = positions;
    collect(d, first, count, positions);
    const elements = (count * w!.shape[1]! * (width + units)) / productsPerElement.onKernel;
    const most = Math.max(1, Math.floor(sliceElements / elements));
    for (let t = 0; t < length; t += most) {
      const some = Math.min(most, length - t);
      const [x, to] = [
        sweepInput.values.subarray(t * count * width),
        sweepOutput.values.subarray(t * count * units),
      ];
      sweep.run(x, to, sweepH.values, sweepC.values, some, count);
      yield;
    }
    scatter(d, first, count, positions);
  }

  /** Puts the input and the states of some sequences where the sweep reads them. */
  function collect(d: number, first: number, count: number, positions: ArrayLike<number>): void {
    for (let t = 0; t < positions.length; t++)
      for (let b = 0; b < count; b++)
        copy(from.values, xAt(positions[t]!, first + b), sweepInput.values, (t * count + b) * width, width);
    for (let b = 0; b < count; b++)
      for (const [initial, state] of [
        [h, sweepH],
        [c, sweepC],
      ] as const)
        if (initial) copy(initial.values, stateAt(d, first + b), state.values, b * units, units);
        else state.values.fill(0, b * units, (b + 1) * units);
  }

  /** Takes what the sweep wrote. */
  function scatter(d: number, first: number, count: number, positions: ArrayLike<number>): void {
    for (let b = 0; b < count; b++) {
      for (let t = 0; t < positions.length; t++)
        copy(sweepOutput.values, (t * count + b) * units, y.values, yAt(positions[t]!, d, first + b), units);
      copy(sweepH.values, b * units, yh.values, stateAt(d, first + b), units);
      if (hasCellState) copy(sweepC.values, b * units, yc.values, stateAt(d, first + b), units);
    }
  }

  /** Whether a sequence has a step. */
  const hasStep = (b: number, t: number): boolean =>
    !lengths || (isMask ? lengths.values[b * steps + t] !== 0 : t < lengths.values[b]!);

  /** Fills the rows of one sequence's missing steps. @param order its steps in the order of computation */
  const fillMissing = (d: number, b: number, order: readonly number[]): void => {
    let before: number | null = null;
    for (const t of order) {
      const at = yAt(t, d, b);
      if (hasStep(b, t)) before = repeats ? at : null;
      else if (before !== null) copy(y.values, before, y.values, at, units);
      else y.values.fill(0, at, at + units);
    }
  };

  const forward = Array.from({ length: steps }, (_, t) => t);
  const backward = forward.toReversed();
  function* slices(): Generator<void> {
    for (const [d, sweep] of sweeps.entries()) {
      const order = isReversed(d) ? backward : forward;
      if (!lengths) yield* runSweep(d, sweep, 0, batch, order);
      else
        for (let b = 0; b < batch; b++) {
          const length = isMask ? steps : lengths.values[b]!;
          if (!(length >= 0 && length <= steps))
            invalidOperator(`sequence_lens[${b}] is ${length}, must be from 0 to the ${steps} steps of X`);
          const present = order.filter((t) => hasStep(b, t));
          yield* runSweep(d, sweep, b, 1, present);
          if (present.length < steps) fillMissing(d, b, order);
        }
    }
  }
  const order = isReversed(0) ? backward : forward;
  const joined = sweeps[0]!.joined;
  const joint: JointWork | null =
    directions > 1 || lengths || !joined
      ? null
      : {
          operands: [sweepInput, sweepOutput, sweepH, sweepC].map(({ values }) => values),
          before: () => collect(0, 0, batch, order),
          runAll: (all) =>
            joined(
              all.map(({ operands }) => operands),
              steps,
              batch,
            ),
          after: () => scatter(0, 0, batch, order),
        };
  return {
    outputs: hasCellState ? [y, yh, yc] : [y, yh],
    slices,
    run: () => finish(slices()),
    ...(joint && { joint }),
  };
};

function copy(from: Values, start: number, to: Values, at: number, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[start + i]!;
}

export const recurrentOperators: Readonly<Record<string, OperatorImplementation>> = {
  RNN: recurrentOperator,
  GRU: recurrentOperator,
  LSTM: recurrentOperator,
};
