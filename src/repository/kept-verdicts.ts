import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { ViewVerdict, ViewVerdicts } from '../formats/view-verdicts.ts';
import { hashCode } from '../hash-code.ts';

// Verdicts on imported files, kept between starts: verifying a large model takes seconds, reading it a fraction of one.
// They are beside the code that Node keeps compiled, in a folder that is as safe as the code itself, and hold for the
// same file and the same code.

/** Files in the folder, some kilobytes each. */
const maxFiles = 256;

const prefix = 'view-';
/** What decides a verdict: the folders of the readers, the analysis and the layers. */
const sources = ['cells', 'formats', 'kernel/reference', 'network', 'operators'];

/**
 * Opens the verdicts of earlier starts; keeps none where Node keeps no compiled code, or where the code is not in
 * these folders.
 */
export function openKeptVerdicts(): ViewVerdicts {
  const folder = getCompileCacheDir();
  if (folder === undefined) return new Map();
  const folders = sources.map((name) => join(import.meta.dirname, '..', name));
  try {
    return keepVerdicts(folder, hashCode(folders, process.versions));
  } catch {
    return new Map();
  }
}

/** @param code hash of the code that the verdicts hold for */
export function keepVerdicts(folder: string, code: string): ViewVerdicts {
  const pathOf = (key: string): string => join(folder, `${prefix}${code.slice(0, 16)}-${key}`);
  return {
    get(key) {
      try {
        return parseVerdict(readFileSync(pathOf(key)));
      } catch {
        return undefined;
      }
    },
    set(key, verdict) {
      const path = pathOf(key);
      const written = `${path}.${process.pid}.${performance.now()}`;
      try {
        mkdirSync(folder, { recursive: true });
        writeFileSync(written, serialize(verdict));
        renameSync(written, path);
        removeOldest(folder);
      } catch {
        // verified again at the next start
      }
    },
  };
}

/** @throws where the bytes are no verdict */
function parseVerdict(bytes: Uint8Array): ViewVerdict | undefined {
  const verdict = deserialize(bytes) as Partial<
    Record<'reason' | 'view' | 'conversion' | 'shortest', unknown>
  >;
  const isVerdict =
    typeof verdict.reason === 'string' ||
    (typeof verdict.view === 'object' &&
      typeof verdict.conversion === 'string' &&
      typeof verdict.shortest === 'number');
  return isVerdict ? (verdict as ViewVerdict) : undefined;
}

function removeOldest(folder: string): void {
  const files = readdirSync(folder).filter((name) => name.startsWith(prefix));
  if (files.length <= maxFiles) return;
  const byAge = files
    .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
    .toSorted((a, b) => a.at - b.at);
  for (const { name } of byAge.slice(0, files.length - maxFiles)) rmSync(join(folder, name), { force: true });
}
