import type { ServedModel } from '../../../repository/repository-interface.ts';
import type { StepLabel, TaggedSequence, TagEvent, TagResult } from '../../../tasks/tag.ts';
import type { InsideOptions } from '../../../tasks/inside-options.ts';
import { createTimeSlice, type TimeSlice } from '../../../time-slice.ts';
import type { TextToken } from '../../../vocabulary/split.ts';
import { shortestFloat32 } from '../../float32-text.ts';
import type { ServerEvent } from '../../server-event.ts';
import { toInside, toStepInside, type InsideField } from './inside.ts';
import { toReplyHead, type ReplyHead } from './reply-head.ts';

interface TaggedToken {
  /** The text of the step; its number where the input is numeric. */
  readonly text: string;
  readonly label: string;
  readonly score: number;
  /** UTF-16 units from the start of the input. */
  readonly start: number;
  readonly end: number;
}
export interface TagReply extends ReplyHead {
  readonly predictions: (InsideField & { readonly tokens: TaggedToken[] })[];
}

export async function toTagReply(
  result: TagResult,
  model: ServedModel,
  body: InsideOptions,
  signal: AbortSignal,
): Promise<TagReply> {
  const slice = createTimeSlice(signal);
  const predictions: TagReply['predictions'] = [];
  for (const sequence of result.predictions)
    predictions.push({
      tokens: await toTaggedTokens(sequence, slice),
      ...(await toInside(sequence.inside, body, slice)),
    });
  return { ...toReplyHead(model, result), predictions };
}

export function toTagEvent(
  event: TagEvent,
  model: ServedModel,
  body: InsideOptions,
  signal: AbortSignal,
): ServerEvent | Promise<ServerEvent> {
  if (event.kind === 'done')
    return toTagReply(event.result, model, body, signal).then((data) => ({ event: 'done', data }));
  const { labelled, token, step, inside } = event;
  return { event: 'token', data: { ...toTaggedToken(labelled, token, step), ...toStepInside(inside, body) } };
}

async function toTaggedTokens({ steps, tokens }: TaggedSequence, slice: TimeSlice): Promise<TaggedToken[]> {
  const tagged: TaggedToken[] = [];
  for (const [step, labelled] of steps.entries()) {
    tagged.push(toTaggedToken(labelled, tokens[step], step));
    if (slice.due()) await slice.next();
  }
  return tagged;
}

function toTaggedToken({ label, score }: StepLabel, token: TextToken | undefined, step: number): TaggedToken {
  const { text, start, end } = token ?? { text: String(step), start: step, end: step + 1 };
  return { text, label, score: shortestFloat32(score), start, end };
}
