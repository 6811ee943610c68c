import { readFile, stat } from 'node:fs/promises';
import { UnrollError } from '../../errors.ts';
import { maxLevels, nestsTooDeep } from './nesting.ts';

/** Parsed at once, on a thread that may serve others: more takes too long. */
export const maxArrayBytes = 4 * 1024 * 1024;

/** Reads a JSON file that is an array of records. @throws UnrollError invalid_dataset */
export async function readJsonArray(path: string): Promise<readonly unknown[]> {
  const { size } = await stat(path);
  if (size > maxArrayBytes)
    throw new UnrollError(
      'invalid_dataset',
      `line 1: an array of ${size} bytes, the limit is ${maxArrayBytes}: JSON lines, a record a line, have none`,
    );
  let json: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
    if (nestsTooDeep(text))
      throw new UnrollError('invalid_dataset', `line 1: more than ${maxLevels} levels of lists and objects`);
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof UnrollError) throw error;
    throw new UnrollError('invalid_dataset', 'line 1: the file is not JSON in UTF-8', { cause: error });
  }
  if (!Array.isArray(json)) throw new UnrollError('invalid_dataset', 'line 1: must be an array of records');
  return json;
}
