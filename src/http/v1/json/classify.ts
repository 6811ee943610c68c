import type { ServedModel } from '../../../repository/repository-interface.ts';
import type { Classification, ClassifyBody, ClassifyEvent, ClassifyResult } from '../../../tasks/classify.ts';
import { createTimeSlice } from '../../../time-slice.ts';
import { shortestFloat32 } from '../../float32-text.ts';
import type { ServerEvent } from '../../server-event.ts';
import { toInside, toStepInside, type InsideField } from './inside.ts';
import { toReplyHead, type ReplyHead } from './reply-head.ts';

interface Scored {
  readonly label: string;
  readonly score: number;
}
interface Prediction extends Scored, InsideField {
  readonly top: Scored[];
}
export interface ClassifyReply extends ReplyHead {
  readonly predictions: Prediction[];
}

export async function toClassifyReply(
  result: ClassifyResult,
  model: ServedModel,
  body: Omit<ClassifyBody, 'input'>,
  signal: AbortSignal,
): Promise<ClassifyReply> {
  const slice = createTimeSlice(signal);
  const predictions: Prediction[] = [];
  for (const classification of result.predictions) {
    predictions.push({
      ...toPrediction(classification, model, body),
      ...(await toInside(classification.inside, body, slice)),
    });
    if (slice.due()) await slice.next();
  }
  return { ...toReplyHead(model, result), predictions };
}

export function toClassifyEvent(
  event: ClassifyEvent,
  model: ServedModel,
  body: Omit<ClassifyBody, 'input'>,
  signal: AbortSignal,
): ServerEvent | Promise<ServerEvent> {
  if (event.kind === 'done')
    return toClassifyReply(event.result, model, body, signal).then((data) => ({ event: 'done', data }));
  const { step, prediction } = event;
  const data = { step, ...toPrediction(prediction, model, body), ...toStepInside(prediction.inside, body) };
  return { event: 'step', data };
}

function toPrediction(
  { scores, best }: Classification,
  { spec }: ServedModel,
  { top_k }: Pick<ClassifyBody, 'top_k'>,
): Prediction {
  const labels = spec.outputs.labels!;
  const scored = Array.from(best, (id) => ({ label: labels[id]!, score: shortestFloat32(scores[id]!) }));
  return { ...scored[0]!, top: scored.slice(0, top_k) };
}
