import type { ServedModel } from '../../../repository/repository-interface.ts';
import { requireFinite } from '../../../tasks/finite.ts';
import type { GenerateBody, GeneratedToken, GenerateEvent, GenerateResult } from '../../../tasks/generate.ts';
import type { InsideOptions } from '../../../tasks/inside-options.ts';
import { createTimeSlice, type TimeSlice } from '../../../time-slice.ts';
import type { ServerEvent } from '../../server-event.ts';
import { toInside, toStepInside, type InsideField } from './inside.ts';
import { toReplyHead, type ReplyHead } from './reply-head.ts';

interface TokenLogprob {
  readonly text: string;
  readonly id: number;
  readonly logprob: number;
  readonly top: { readonly text: string; readonly id: number; readonly logprob: number }[];
}
interface Generated extends InsideField {
  readonly text: string;
  readonly finish_reason: 'stop' | 'length';
  readonly tokens: number;
  readonly logprobs?: TokenLogprob[];
  readonly prompt_steps?: number;
}
export interface GenerateReply extends ReplyHead {
  readonly generations: Generated[];
}

export async function toGenerateReply(
  result: GenerateResult,
  model: ServedModel,
  body: InsideOptions,
  signal: AbortSignal,
): Promise<GenerateReply> {
  const slice = createTimeSlice(signal);
  const generations: Generated[] = [];
  for (const { text, finish, tokens, logprobs, inside, promptSteps } of result.generations)
    generations.push({
      text,
      finish_reason: finish,
      tokens,
      ...(logprobs && { logprobs: await toLogprobs(logprobs, slice) }),
      ...(promptSteps !== undefined && { prompt_steps: promptSteps }),
      ...(await toInside(inside, body, slice)),
    });
  return { ...toReplyHead(model, result), generations };
}

export function toGenerateEvent(
  event: GenerateEvent,
  model: ServedModel,
  body: Pick<GenerateBody, 'logprobs'> & InsideOptions,
  signal: AbortSignal,
): ServerEvent | Promise<ServerEvent> {
  if (event.kind === 'done')
    return toGenerateReply(event.result, model, body, signal).then((reply) => ({
      event: 'done',
      data: { finish_reason: reply.generations[0]!.finish_reason, ...reply },
    }));
  const { text, id, logprob, top } = toTokenLogprob(event.token);
  return {
    event: 'token',
    data: {
      text,
      id,
      logprob,
      choice: event.choice,
      ...(body.logprobs ? { top } : {}),
      ...toStepInside(event.inside, body),
    },
  };
}

async function toLogprobs(tokens: readonly GeneratedToken[], slice: TimeSlice): Promise<TokenLogprob[]> {
  const logprobs: TokenLogprob[] = [];
  for (const token of tokens) {
    logprobs.push(toTokenLogprob(token));
    if (slice.due()) await slice.next();
  }
  return logprobs;
}

const toTokenLogprob = ({ text, id, logprob, top }: GeneratedToken): TokenLogprob => ({
  text,
  id,
  logprob: roundLogprob(logprob),
  top: top.map((one) => ({ text: one.text, id: one.id, logprob: roundLogprob(one.logprob) })),
});

/** As precise as it is computed, and short. */
export const roundLogprob = (logprob: number): number => Number(requireFinite(logprob).toPrecision(7));
