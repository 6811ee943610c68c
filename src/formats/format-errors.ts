import { UnrollError } from '../errors.ts';

/** @throws UnrollError invalid_model, for a network that cannot be converted or that does not fit its file */
export function invalidModel(message: string): never {
  throw new UnrollError('invalid_model', message);
}

/** @throws UnrollError invalid_weights, for a file that cannot be read */
export function invalidWeights(message: string, cause?: unknown): never {
  throw new UnrollError('invalid_weights', message, { cause });
}

/** A value from a file as JSON, cut to 80 characters: safe in an error message or a log line. */
export const quote = (value: unknown): string => (JSON.stringify(value) ?? 'missing').slice(0, 80);
