import { UnrollError } from '../../../errors.ts';
import { toProblem } from '../../problem.ts';

/** One input of a stream, which has one answer. */
export type StreamInput = Place &
  (
    | { readonly kind: 'json'; readonly bytes: Buffer }
    /** values [steps, features] */
    | { readonly kind: 'frame'; readonly values: Float32Array }
  );

/** Where an input is in its stream. */
export interface Place {
  readonly unit: 'line' | 'frame' | 'message';
  /** Counted from 1. */
  readonly number: number;
}

/** Bytes of a line, a frame or a message. With the queue and the socket, a stream keeps less than twice of it. */
export const maxInputBytes = 131_072;

/** An error with the input that it is about. */
export class InputError extends Error {
  readonly place: Place;

  constructor(cause: unknown, { unit, number }: Place) {
    super(`${unit} ${number}`, { cause });
    this.place = { unit, number };
  }
}

export const inputTooLarge = (place: Place): InputError =>
  new InputError(
    new UnrollError('body_too_large', `${place.unit} ${place.number}: at most ${maxInputBytes} bytes`),
    place,
  );

/** What was thrown for an input. */
export const causeOf = (error: unknown): unknown => (error instanceof InputError ? error.cause : error);

/** The last answer of a stream that ended with an error: a problem document, with the number of the input. */
export function toErrorAnswer(error: unknown): { readonly error: object } {
  const problem = toProblem(causeOf(error));
  if (!(error instanceof InputError)) return { error: problem };
  return { error: { ...problem, [error.place.unit]: error.place.number } };
}
