import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isOutOfDescriptors, UnrollError } from '../errors.ts';
import { aliasesFile, aliasPattern } from '../model-files.ts';
import { readContainedFile, UnreadableFile } from './read-contained-file.ts';

// <models>/<name>/aliases.json: which version each alias of a model points at. The file is the only record, so that every
// server of a models folder, and the next start, sees the same.

const maxBytes = 64 * 1024;
/** Aliases of one model. */
export const maxAliases = 100;

const version = z.int().min(1).max(999_999_999_999_999);
const content = z.strictObject({
  aliases: z
    .record(z.string().regex(aliasPattern, 'is not an alias: it begins with a letter'), version)
    .refine((aliases) => Object.keys(aliases).length <= maxAliases, `has more than ${maxAliases} aliases`),
  /** The highest version that was ever deleted, whose number is not given again. */
  last_version: version.optional(),
});

/** What the aliases of a model point at. */
export interface ModelAliases {
  readonly versions: ReadonlyMap<string, number>;
  readonly lastVersion: number;
}

export const noAliases: ModelAliases = { versions: new Map(), lastVersion: 0 };

/**
 * Reads the aliases of a model; none where it has no file.
 * @param home the model's folder, below the real path `realRoot`
 * @throws UnreadableFile with the reason; UnrollError too_many_open_files
 */
export async function readAliases(realRoot: string, home: string): Promise<ModelAliases> {
  let bytes: Uint8Array;
  try {
    bytes = await readContainedFile(realRoot, join(home, aliasesFile), maxBytes);
  } catch (error) {
    if (error instanceof UnreadableFile && error.missing) return noAliases;
    throw error;
  }
  return parseAliases(bytes);
}

/** @throws UnreadableFile */
function parseAliases(bytes: Uint8Array): ModelAliases {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new UnreadableFile('is not valid JSON', { cause: error });
  }
  const { success, data, error } = content.safeParse(json);
  if (!success) {
    const { path, message } = error.issues[0]!;
    throw new UnreadableFile(`has a wrong ${path.join('.') || 'value'}: ${message}`);
  }
  return { versions: new Map(Object.entries(data.aliases)), lastVersion: data.last_version ?? 0 };
}

/** The same where the aliases are to be changed. @throws UnrollError models_read_only when they cannot be read */
export async function readAliasesToChange(realRoot: string, home: string): Promise<ModelAliases> {
  try {
    return await readAliases(realRoot, home);
  } catch (error) {
    if (isOutOfDescriptors(error) || !(error instanceof UnreadableFile)) throw error;
    throw new UnrollError(
      'models_read_only',
      `${aliasesFile} of this model ${error.message}: repair or remove it`,
    );
  }
}

/** Replaces the aliases of a model atomically. To be called with the folder's lock. @throws the file system's error */
export async function writeAliases(home: string, { versions, lastVersion }: ModelAliases): Promise<void> {
  const draft = join(home, `.${aliasesFile}`);
  const sorted = [...versions].sort(([a], [b]) => (a < b ? -1 : 1));
  const json = {
    aliases: Object.fromEntries(sorted),
    ...(lastVersion > 0 && { last_version: lastVersion }),
  };
  try {
    const file = await open(draft, 'w');
    try {
      await file.writeFile(`${JSON.stringify(json, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, join(home, aliasesFile));
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}

/** The aliases with one of them pointing at another version, or at none. */
export function withAlias(before: ModelAliases, alias: string, version: number | null): ModelAliases {
  const versions = new Map(before.versions);
  if (version === null) versions.delete(alias);
  else versions.set(alias, version);
  return { ...before, versions };
}
