import { checkReplySize } from './budgets.ts';
import { collectEvents } from './collect-events.ts';
import { collectValues } from './collect-values.ts';
import type { Call, TaskContext } from './context.ts';
import { predictionShape } from './predict.ts';
import { predictionBytes } from './prediction-bytes.ts';
import { readRows } from './read-rows.ts';
import { sequenceOutputs, streamSequence } from './run-sequences.ts';
import { createTimeSlice } from '../time-slice.ts';

/**
 * `predict` for one sequence of numbers: a frame of a stream, which has hundreds in a second.
 * @param rows [steps, features]
 * @returns the values in their own units [rows, width]
 * @throws UnrollError as `predict`
 */
export async function predictFrame(
  context: TaskContext,
  call: Call,
  rows: Float32Array,
  each: boolean,
): Promise<Float32Array> {
  const { model, signal } = call;
  const sequence = readRows(model, rows, context.limits);
  const every = each || predictionShape(model).perStep;
  checkReplySize([sequence], () => predictionBytes(model, [sequence], every), call, context.limits);
  const outputs = sequenceOutputs(model, sequence, every ? 'every' : 'last');
  const events = streamSequence(context, call, outputs);
  return (await collectEvents(events, collectValues(model, call, createTimeSlice(signal)))).result;
}
