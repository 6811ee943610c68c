import { createOperand, invalidOperator, type Values } from './operand.ts';
import {
  numberAttribute,
  textAttribute,
  type OperatorImplementation,
  type RecurrentSweep,
} from './operator.ts';
import { required } from './shape.ts';

// RNN, GRU, LSTM (https://onnx.ai/onnx/operators/onnx__LSTM.html), layout 0: X [steps, batch, in], W [directions, G·units, in],
// R [directions, G·units, units], B [directions, 2·G·units], lengths [batch], h and c [directions, batch, units],
// P [directions, 3·units]; Y [steps, directions, batch, units], Y_h and Y_c [directions, batch, units]. Layout 1 has the batch first.

const run: OperatorImplementation = (operator, inputs, preparing) => {
  const [x, , , , lengths, h, c] = inputs;
  const from = required(x);
  const sweeps = preparing.sweeps(operator, inputs);
  const batchFirst = numberAttribute(operator, 'layout', 0) === 1;
  if (from.shape.length !== 3) invalidOperator(`X is [${from.shape.join(', ')}], must have three dimensions`);
  const [steps, batch] = batchFirst ? [from.shape[1]!, from.shape[0]!] : [from.shape[0]!, from.shape[1]!];
  const width = from.shape[2]!;
  const { units, hasCellState } = sweeps[0]!;
  const directions = sweeps.length;
  const direction = textAttribute(operator, 'direction', 'forward');
  const y = createOperand(
    preparing,
    'float',
    batchFirst ? [batch, steps, directions, units] : [steps, directions, batch, units],
  );
  const ends = batchFirst ? [batch, directions, units] : [directions, batch, units];
  const [yh, yc] = [createOperand(preparing, 'float', ends), createOperand(preparing, 'float', ends)];
  for (const [state, name] of [
    [h, 'initial_h'],
    [c, 'initial_c'],
  ] as const)
    if (state && state.values.length !== directions * batch * units)
      invalidOperator(`${name} is [${state.shape.join(', ')}]`);
  if (lengths && lengths.values.length !== batch)
    invalidOperator(`sequence_lens is [${lengths.shape.join(', ')}]`);

  const [rows, made] = [
    createOperand(preparing, 'float', [steps, batch, width]),
    createOperand(preparing, 'float', [steps, batch, units]),
  ];
  const [ownH, ownC] = [
    createOperand(preparing, 'float', [batch, units]),
    createOperand(preparing, 'float', [batch, units]),
  ];
  const stateAt = (d: number, b: number): number => (batchFirst ? b * directions + d : d * batch + b) * units;
  const xAt = (t: number, b: number): number => (batchFirst ? b * steps + t : t * batch + b) * width;
  const yAt = (t: number, d: number, b: number): number =>
    (batchFirst ? (b * steps + t) * directions + d : (t * directions + d) * batch + b) * units;

  /** Sequences first … first + count − 1, all of them `length` steps long, in one direction. */
  const sweepTogether = (
    d: number,
    sweep: RecurrentSweep,
    first: number,
    count: number,
    length: number,
  ): void => {
    const reversed = direction === 'reverse' || d === 1;
    const stepOf = (t: number): number => (reversed ? length - 1 - t : t);
    for (let t = 0; t < length; t++)
      for (let b = 0; b < count; b++)
        copy(from.values, xAt(stepOf(t), first + b), rows.values, (t * count + b) * width, width);
    for (let b = 0; b < count; b++)
      for (const [given, own] of [
        [h, ownH],
        [c, ownC],
      ] as const)
        if (given) copy(given.values, stateAt(d, first + b), own.values, b * units, units);
        else own.values.fill(0, b * units, (b + 1) * units);
    if (length > 0) sweep.run(rows.values, made.values, ownH.values, ownC.values, length, count);
    for (let b = 0; b < count; b++) {
      for (let t = 0; t < length; t++)
        copy(made.values, (t * count + b) * units, y.values, yAt(stepOf(t), d, first + b), units);
      for (let t = length; t < steps; t++)
        y.values.fill(0, yAt(t, d, first + b), yAt(t, d, first + b) + units);
      copy(ownH.values, b * units, yh.values, stateAt(d, first + b), units);
      if (hasCellState) copy(ownC.values, b * units, yc.values, stateAt(d, first + b), units);
    }
  };

  return {
    outputs: hasCellState ? [y, yh, yc] : [y, yh],
    run: () =>
      sweeps.forEach((sweep, d) => {
        if (!lengths) return sweepTogether(d, sweep, 0, batch, steps);
        for (let b = 0; b < batch; b++)
          sweepTogether(d, sweep, b, 1, Math.min(steps, Math.max(0, Math.trunc(lengths.values[b]!))));
      }),
  };
};

function copy(from: Values, start: number, to: Values, at: number, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[start + i]!;
}

export const recurrentOperators: Readonly<Record<string, OperatorImplementation>> = {
  RNN: run,
  GRU: run,
  LSTM: run,
};
