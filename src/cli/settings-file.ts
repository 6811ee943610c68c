import { readFileSync, statSync } from 'node:fs';
import { ConfigError, describeConfig } from '../config.ts';
import { findNearestName } from './nearest-name.ts';

// unroll.config.json: {"port": 9170, "models": "…"}. Its keys are the names of settings in lower case.

export const settingsFile = 'unroll.config.json';
const maxBytes = 1_048_576;

export const toFileKey = (key: string): string => key.toLowerCase();

/**
 * Reads a file of settings.
 * @param path undefined for the one in the working directory, which need not be there
 * @returns values by the keys of settings, such as PORT
 * @throws ConfigError for a file that cannot be read, is not JSON, or has a key or a type that is no setting's
 */
export function readSettingsFile(path?: string): Readonly<Record<string, string>> {
  const shown = path ?? settingsFile;
  const text = readText(shown, path !== undefined);
  if (text === null) return {};
  const json = parse(shown, text);
  const keys = new Map(describeConfig().map(({ key }) => [toFileKey(key), key]));
  const errors: string[] = [];
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    const key = keys.get(name);
    if (key === undefined) errors.push(`${shown}: ${describeUnknown(name, [...keys.keys()])}`);
    else if (['string', 'number', 'boolean'].includes(typeof value)) values[key] = String(value);
    else
      errors.push(`${shown}: ${name}: must be a text, a number, true or false, was ${JSON.stringify(value)}`);
  }
  if (errors.length > 0) throw new ConfigError(errors.join('\n'));
  return values;
}

function readText(path: string, required: boolean): string | null {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) throw new ConfigError(`${path}: has ${size} bytes; the limit is ${maxBytes}`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !required) return null;
    throw new ConfigError(`${path}: cannot be read (${code})`, { cause: error });
  }
}

function parse(path: string, text: string): object {
  let json: unknown;
  try {
    // some editors begin a file with a byte order mark
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new ConfigError(`${path}: is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  throw new ConfigError(`${path}: must be a JSON object of settings such as {"port": 8080}`);
}

function describeUnknown(name: string, known: readonly string[]): string {
  const plain = name.replace(/^UNROLL_/i, '').replaceAll(/([a-z])(?=[A-Z])/g, '$1_');
  const nearest = findNearestName(plain.replaceAll('-', '_'), known);
  return `${JSON.stringify(name)}: there is no such setting${nearest === null ? '; `unroll config` lists them' : `; the nearest is "${nearest}"`}`;
}
