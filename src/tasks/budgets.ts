import { UnrollError } from '../errors.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import type { Call, TaskLimits } from './context.ts';

// What one request may cost in all, counted before any of it runs.

/**
 * @param steps of all the request's sequences, tokens to write and beams counted
 * @throws UnrollError work_too_large
 */
export function checkRequestSteps(steps: number, { maxRequestSteps }: TaskLimits, field: string): void {
  if (steps > maxRequestSteps)
    throw new UnrollError(
      'work_too_large',
      `${field}: at most ${maxRequestSteps} steps in a request (UNROLL_MAX_REQUEST_STEPS), this takes ${steps}`,
      { field },
    );
}

/** @param bytes about as many as the reply takes at most @throws UnrollError reply_too_large */
export function checkReplyBytes(bytes: number, { maxReplyBytes }: TaskLimits, field: string): void {
  if (bytes > maxReplyBytes)
    throw new UnrollError(
      'reply_too_large',
      `${field}: at most ${maxReplyBytes} bytes in a reply (UNROLL_MAX_REPLY_BYTES), this takes about ${Math.round(bytes)}`,
      { field },
    );
}

/** The same for what is answered to sequences, by the task itself or by what asked it. @throws UnrollError reply_too_large */
export function checkReplySize(
  sequences: readonly { readonly steps: number }[],
  own: () => number,
  { replyBytes }: Call,
  limits: TaskLimits,
): void {
  const bytes = replyBytes ? replyBytes(sequences.map(({ steps }) => steps)) : own();
  checkReplyBytes(bytes, limits, 'input');
}

/** Bytes of a number in JSON, its comma counted: a float32 with nine digits, its sign, its point and an exponent. */
export const numberBytes = 14;
/** Bytes of a float64 of which no digit is left out. */
export const longNumberBytes = 24;

/** Bytes of a text in JSON, its quotes and comma counted. */
export const textBytes = (text: string): number => punctuationBytes + Buffer.byteLength(text);
const punctuationBytes = 3;

/** The same for the longest token of a vocabulary. */
export const longestTokenBytes = ({ tokens }: Vocabulary): number => punctuationBytes + tokens.longestBytes;

const longest = new WeakMap<readonly string[], number>();

/** The same for the longest of a model's labels, which stay the same. */
export function longestTextBytes(texts: readonly string[]): number {
  const known = longest.get(texts);
  if (known !== undefined) return known;
  let most = 0;
  // a UTF-16 unit takes three bytes at most
  for (const text of texts)
    if (punctuationBytes + 3 * text.length > most) most = Math.max(most, textBytes(text));
  longest.set(texts, most);
  return most;
}
