import type { ModelDetails } from '../../client/index.ts';
import { CommandError, exitCodes } from '../command-error.ts';

/**
 * Reads an input of the command line: a text, or the JSON of numbers for a model of numbers.
 * @param json whether it is JSON for any model
 * @throws CommandError with what was expected
 */
export function readInput(text: string, { id, inputs }: ModelDetails, json = false): unknown {
  if (inputs?.kind === 'text' && !json) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const features = inputs?.features;
    const expected = features
      ? `rows of ${features.length} numbers as JSON, such as ${JSON.stringify([features.map(() => 0)])}`
      : 'JSON';
    throw new CommandError(`${id}: must be ${expected}, was ${JSON.stringify(text.slice(0, 80))}`, 1, {
      cause: error,
    });
  }
}

/** Reads --body: fields of the request besides the input. @throws CommandError */
export function readBody(text: string | undefined): object {
  if (text === undefined) return {};
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  } catch {
    // said below
  }
  throw new CommandError(
    `--body: must be a JSON object such as {"top_k": 3}, was ${JSON.stringify(text.slice(0, 80))}`,
    exitCodes.usage,
  );
}
