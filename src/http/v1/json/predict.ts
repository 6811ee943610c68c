import type { ServedModel } from '../../../repository/repository-interface.ts';
import {
  predictionShape,
  type PredictBody,
  type PredictEvent,
  type PredictResult,
} from '../../../tasks/predict.ts';
import { createTimeSlice, type TimeSlice } from '../../../time-slice.ts';
import { toShortestNumbers } from '../../float32-text.ts';
import type { ServerEvent } from '../../server-event.ts';
import { toInside, toStepInside, type InsideField } from './inside.ts';
import { toReplyHead, type ReplyHead } from './reply-head.ts';

export interface PredictReply extends ReplyHead {
  /** A row for each step, or the rows that a model gives for each sequence: a single one without its list. */
  readonly predictions: (InsideField & { readonly output: number[] | number[][] })[];
}

export async function toPredictReply(
  result: PredictResult,
  model: ServedModel,
  body: PredictBody,
  signal: AbortSignal,
): Promise<PredictReply> {
  const slice = createTimeSlice(signal);
  const predictions: PredictReply['predictions'] = [];
  for (const [i, values] of result.predictions.entries())
    predictions.push({
      output: await toOutput(values, model, body.each === true, slice),
      ...(await toInside(result.inside?.[i], body, slice)),
    });
  return { ...toReplyHead(model, result), predictions };
}

/** The numbers of a sequence: in rows, unless a model gives one for each sequence. */
export function toOutput(
  values: Float32Array,
  model: ServedModel,
  each: boolean,
  slice: TimeSlice,
): Promise<number[] | number[][]> {
  const { perStep, rows, width } = predictionShape(model);
  return each || perStep || rows > 1 ? toRows(values, width, slice) : toShortestNumbers(values, slice);
}

export function toPredictEvent(
  event: PredictEvent,
  model: ServedModel,
  body: PredictBody,
  signal: AbortSignal,
): ServerEvent | Promise<ServerEvent> {
  if (event.kind === 'done')
    return toPredictReply(event.result, model, body, signal).then((data) => ({ event: 'done', data }));
  return toShortestNumbers(event.values, createTimeSlice(signal)).then((output) => ({
    event: 'step',
    data: { step: event.step, output, ...toStepInside(event.inside, body) },
  }));
}

/** values [rows, width] */
async function toRows(values: Float32Array, width: number, slice: TimeSlice): Promise<number[][]> {
  const rows: number[][] = [];
  for (let at = 0; at < values.length; at += width) {
    rows.push(await toShortestNumbers(values.subarray(at, at + width), slice));
    if (slice.due()) await slice.next();
  }
  return rows;
}
