import { UnrollError } from '../errors.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import type { Call, TaskLimits } from './context.ts';

// Limits on the cost of a whole request, checked before any of it runs.

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

/** @param bytes an estimate of the longest reply @throws UnrollError reply_too_large */
export function checkReplyBytes(bytes: number, { maxReplyBytes }: TaskLimits, field: string): void {
  if (bytes > maxReplyBytes)
    throw new UnrollError(
      'reply_too_large',
      `${field}: at most ${maxReplyBytes} bytes in a reply (UNROLL_MAX_REPLY_BYTES), this takes about ${Math.round(bytes)}`,
      { field },
    );
}

/**
 * Checks the reply to sequences, by the call's estimate where it has one.
 * @throws UnrollError reply_too_large
 */
export function checkReplySize(
  sequences: readonly { readonly steps: number }[],
  estimate: () => number,
  { replyBytes }: Call,
  limits: TaskLimits,
): void {
  const bytes = replyBytes ? replyBytes(sequences.map(({ steps }) => steps)) : estimate();
  checkReplyBytes(bytes, limits, 'input');
}

/**
 * Bytes of a number in JSON, its comma counted: a float32 with nine digits, its sign, its point and an
 * exponent.
 */
export const numberBytes = 14;
/** Bytes of a float64 with all its digits. */
export const longNumberBytes = 24;

/** Bytes of a text in JSON, its quotes and comma counted. */
export const textBytes = (text: string): number => punctuationBytes + Buffer.byteLength(text);
const punctuationBytes = 3;

/** Bytes in JSON of the longest token of a vocabulary. */
export const longestTokenBytes = ({ tokens }: Vocabulary): number => punctuationBytes + tokens.longestBytes;

const longest = new WeakMap<readonly string[], number>();

/** Bytes in JSON of the longest of a model's labels; computed once for each list. */
export function longestTextBytes(texts: readonly string[]): number {
  const known = longest.get(texts);
  if (known !== undefined) return known;
  let bytes = 0;
  // a UTF-16 unit takes three bytes at most
  for (const text of texts)
    if (punctuationBytes + 3 * text.length > bytes) bytes = Math.max(bytes, textBytes(text));
  longest.set(texts, bytes);
  return bytes;
}
