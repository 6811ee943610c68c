import type { LoadQueue } from './load-queue.ts';
import type { FoundVersion, Scan } from './scan-models.ts';
import type { VersionLoader } from './load-version.ts';
import { createVersionEntry, retireVersion, toKey, type VersionEntry } from './version-entry.ts';
import type { VersionIndex } from './version-index.ts';

/** A version that is to be loaded or removed. */
export interface Change {
  readonly entry: VersionEntry;
  /** Resolves when that has been done, or tried. */
  readonly done: Promise<void>;
}

export interface ScanTarget {
  readonly versions: VersionIndex<VersionEntry>;
  readonly queue: LoadQueue<VersionEntry>;
  readonly mayFit: VersionLoader['mayFit'];
}

/**
 * Brings the index of versions to what a scan found: queues what is new, has changed or is asked for, and removes what has gone.
 * @param asked references that are loaded, even if they have not changed, before others
 * @returns every version that is still to be loaded or removed, also because of an earlier scan
 */
export function applyScan(scan: Scan, target: ScanTarget, asked: ReadonlySet<string>): Change[] {
  for (const found of scan.found) queueVersion(found, scan.realRoot, target, asked);
  const present = new Set(scan.found.map(toKey));
  const { versions, queue } = target;
  const changes: Change[] = [];
  for (const [key, entry] of versions.entries()) {
    entry.present = present.has(key);
    const done = entry.present ? queue.pending(entry) : removeVersion(key, entry, target);
    if (done) changes.push({ entry, done });
  }
  return changes;
}

function queueVersion(
  found: FoundVersion,
  realRoot: string,
  { versions, queue, mayFit }: ScanTarget,
  asked: ReadonlySet<string>,
): void {
  const key = toKey(found);
  const isAsked = asked.has(found.name) || asked.has(key);
  const known = versions.get(key);
  if (known && !isAsked && known.found.stamp === found.stamp && !mayFit(known)) return;
  const entry = known ?? createVersionEntry(found, realRoot);
  if (!known) versions.set(key, entry);
  entry.found = found;
  entry.realRoot = realRoot;
  entry.outOfMemoryAt = null;
  // nobody's call to the model brings its next version forward, since the present one answers
  const serves = versions.ofModel(found.name).some(({ loaded }) => loaded !== null);
  void queue.add(entry, isAsked ? 'asked' : serves ? 'update' : 'rest');
}

/**
 * Removes a version whose folder has gone. One that serves is kept until the other versions of its model are loaded, so that a
 * model whose version was renamed is available throughout.
 * @returns null where it is removed already
 */
function removeVersion(
  key: string,
  entry: VersionEntry,
  { versions, queue }: ScanTarget,
): Promise<void> | null {
  // should it come back with this change
  if (queue.drop(entry)) entry.found = { ...entry.found, stamp: '' };
  const remove = (): void => {
    // a later scan may have found it again, or a removal of an earlier one come first
    if (entry.present || versions.get(key) !== entry) return;
    versions.delete(key);
    retireVersion(entry);
  };
  const others = entry.loaded ? versions.ofModel(entry.found.name).filter((one) => one !== entry) : [];
  const awaited = [entry, ...others].flatMap((one) => queue.pending(one) ?? []);
  if (awaited.length === 0) return (remove(), null);
  for (const other of others) if (queue.pending(other)) void queue.add(other, 'update');
  return Promise.all(awaited).then(remove);
}
