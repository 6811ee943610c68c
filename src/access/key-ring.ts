import { timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { toCaller, type Caller } from './caller.ts';
import { hashKey, readKeys } from './keys-file.ts';

/** The keys of a server. They are read again when their file changes. */
export interface KeyRing {
  /** @returns null for a key that is unknown or has expired */
  find(key: string): Caller | null;
  close(): void;
}

interface Entry {
  readonly digest: Buffer;
  readonly expiresMs: number;
  readonly caller: Caller;
}

/** Between two looks at the file, which may be on a file system that reports no changes. */
const pollMs = 1000;
/** Keys are found by the first bytes of their hash, from which nothing follows about the key. */
const indexBytes = 6;

/**
 * Reads the keys. A later change that cannot be read is logged, and the keys before it stay valid.
 * @throws UnrollError when the file cannot be read now
 */
export function createKeyRing(
  path: string,
  log: { info(fields: object, message: string): void; error(fields: object, message: string): void },
): KeyRing {
  // before the file is read: a change meanwhile is another one
  let version = fileVersion(path);
  let entries = readEntries(path);
  log.info({ keys: entries.size }, 'API keys read');
  const reloadIfChanged = (): void => {
    const found = fileVersion(path);
    if (found === version) return;
    version = found;
    try {
      entries = readEntries(path);
      log.info({ keys: entries.size }, 'API keys read again');
    } catch (error) {
      log.error(
        { reason: (error as Error).message },
        'API keys cannot be read again; those before stay valid',
      );
    }
  };
  const timer = setInterval(reloadIfChanged, pollMs).unref();
  return {
    find(key) {
      const digest = hashKey(key);
      const entry = entries.get(digest.readUIntBE(0, indexBytes));
      if (!entry || !timingSafeEqual(entry.digest, digest) || entry.expiresMs <= Date.now()) return null;
      return entry.caller;
    },
    close: () => clearInterval(timer),
  };
}

/** Differs from that of the file before after any change; the file behind a link counts. */
function fileVersion(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}` : 'missing';
}

const readEntries = (path: string): ReadonlyMap<number, Entry> =>
  new Map(
    readKeys(path).map((key) => {
      const digest = Buffer.from(key.sha256, 'hex');
      const expiresMs = key.expires === undefined ? Infinity : Date.parse(key.expires);
      return [digest.readUIntBE(0, indexBytes), { digest, expiresMs, caller: toCaller(key) }];
    }),
  );
