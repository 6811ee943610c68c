import type { ServedModel } from '../../../repository/repository-interface.ts';
import type { DecodeBody } from '../../../tasks/decode-body.ts';
import type { DecodedHypothesis, DecodeEvent, DecodeResult } from '../../../tasks/decode.ts';
import { requireFinite } from '../../../tasks/finite.ts';
import { createTimeSlice, type TimeSlice } from '../../../time-slice.ts';
import type { ServerEvent } from '../../server-event.ts';
import { toReplyHead, type ReplyHead } from './reply-head.ts';

type Fields = Pick<DecodeBody, 'logprobs' | 'return_attention'>;

interface DecodedOutput {
  readonly text: string;
  readonly tokens: string[];
  readonly score: number;
  readonly finish_reason: 'stop' | 'length';
  /** Of every token, the end included where it came. */
  readonly logprobs?: number[];
  /** A row for each token, the end included; a column for each token of the source. */
  readonly attention?: number[][];
}
interface Decoded {
  readonly hypotheses: DecodedOutput[];
  readonly source_tokens?: string[];
}
export interface DecodeReply extends ReplyHead {
  readonly predictions: Decoded[];
}

export async function toDecodeReply(
  result: DecodeResult,
  model: ServedModel,
  body: Fields,
  signal: AbortSignal,
): Promise<DecodeReply> {
  const slice = createTimeSlice(signal);
  const predictions: Decoded[] = [];
  for (const { hypotheses, sourceTokens } of result.predictions) {
    const outputs: DecodedOutput[] = [];
    for (const one of hypotheses) outputs.push(await toDecodedOutput(one, body, slice));
    predictions.push({
      hypotheses: outputs,
      ...(body.return_attention && { source_tokens: sourceTokens.map(({ text }) => text) }),
    });
  }
  return { ...toReplyHead(model, result), predictions };
}

export function toDecodeEvent(
  event: DecodeEvent,
  model: ServedModel,
  body: Fields,
  signal: AbortSignal,
): ServerEvent | Promise<ServerEvent> {
  if (event.kind === 'done')
    return toDecodeReply(event.result, model, body, signal).then((data) => ({ event: 'done', data }));
  const { index, text, id, logprob } = event;
  return { event: 'token', data: { index, text, id, logprob } };
}

async function toDecodedOutput(
  { text, tokens, score, finish, logprobs, attention }: DecodedHypothesis,
  body: Fields,
  slice: TimeSlice,
): Promise<DecodedOutput> {
  const rows: number[][] = [];
  for (const row of attention ?? []) {
    rows.push(Array.from(row, requireFinite));
    if (slice.due()) await slice.next();
  }
  if (slice.due()) await slice.next();
  return {
    text,
    tokens,
    score,
    finish_reason: finish,
    ...(body.logprobs && { logprobs: logprobs.map(requireFinite) }),
    ...(attention && { attention: rows }),
  };
}
