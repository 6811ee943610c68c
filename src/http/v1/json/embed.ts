import type { ServedModel } from '../../../repository/repository-interface.ts';
import type { EmbedResult } from '../../../tasks/embed.ts';
import { createTimeSlice } from '../../../time-slice.ts';
import { toShortestNumbers } from '../../float32-text.ts';
import { toReplyHead, type ReplyHead } from './reply-head.ts';

export interface EmbedReply extends ReplyHead {
  readonly embeddings: number[][];
}

export async function toEmbedReply(
  result: EmbedResult,
  model: ServedModel,
  _: object,
  signal: AbortSignal,
): Promise<EmbedReply> {
  const slice = createTimeSlice(signal);
  const embeddings: number[][] = [];
  for (const values of result.embeddings) {
    embeddings.push(await toShortestNumbers(values, slice));
    if (slice.due()) await slice.next();
  }
  return { ...toReplyHead(model, result), embeddings };
}
