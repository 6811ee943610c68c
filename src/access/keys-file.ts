import { hash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { z } from 'zod';
import { UnrollError } from '../errors.ts';
import { scopes } from './scopes.ts';

// The file of API keys: names, what each key may do, and the SHA-256 of the key. A key has 256 random bits, so
// that a fast hash without salt is enough: there is no list of likely keys to try.

export const keyName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'must have 1 to 64 of A–Z a–z 0–9 _ . -');
const maxWildcards = 4;
export const modelPattern = z
  .string()
  .regex(/^[\w.*-]{1,64}$/, 'must be a model name, in which * matches any characters')
  // each more lets a long name be compared in many more ways
  .refine((pattern) => pattern.split(/\*+/).length <= maxWildcards + 1, {
    error: `must have at most ${maxWildcards} *`,
  });

const apiKey = z.strictObject({
  name: keyName,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  scopes: z.array(z.enum(scopes)).min(1),
  /** Absent: any model. */
  models: z.array(modelPattern).min(1).optional(),
  created: z.iso.datetime(),
  /** Absent: never. */
  expires: z.iso.datetime({ offset: true }).optional(),
});
export type ApiKey = z.output<typeof apiKey>;

const keysFile = z.strictObject({
  keys: z.array(apiKey).refine((keys) => new Set(keys.map(({ name }) => name)).size === keys.length, {
    error: 'must have different names',
  }),
});

/** Generates a key. Its prefix lets scanners find keys that were published by mistake. */
export const generateKey = (): string => `unroll_${randomBytes(32).toString('base64url')}`;

export const hashKey = (key: string): Buffer => hash('sha256', key, 'buffer');

/** @throws UnrollError naming the file, the field and what it must be */
export function readKeys(path: string): ApiKey[] {
  const fail = (reason: string, cause?: unknown): never => {
    throw new UnrollError('invalid_request', `the keys of ${path} cannot be read: ${reason}`, { cause });
  };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // the message of a SyntaxError quotes the file
    return fail(error instanceof SyntaxError ? 'is not valid JSON' : (error as Error).message, error);
  }
  const { success, data, error } = keysFile.safeParse(content);
  if (success) return data.keys;
  const { path: field, message } = error.issues[0]!;
  return fail(`${field.join('.')}: ${message}`);
}

/**
 * Changes the file atomically; only its owner can read it. A missing file has no keys.
 * @throws UnrollError while another process changes it, and whatever `change` throws
 */
export function changeKeys(path: string, change: (keys: readonly ApiKey[]) => readonly ApiKey[]): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  const draft = `${target}.draft`;
  const file = openDraft(draft);
  try {
    const keys = change(existsSync(target) ? readKeys(target) : []);
    writeSync(file, `${JSON.stringify({ keys }, null, 2)}\n`);
    fsyncSync(file);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Creates the draft, which is the lock too: only one process can. */
function openDraft(draft: string): number {
  try {
    return openSync(draft, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UnrollError(
      'invalid_request',
      `another process changes the keys; if none does, remove ${draft}`,
      {
        cause: error,
      },
    );
  }
}
