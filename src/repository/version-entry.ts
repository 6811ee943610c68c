import type { ErrorCode } from '../errors.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { LeasedModel } from './leased-model.ts';
import { createModelStatistics, type ModelStatistics } from './model-statistics.ts';
import type { FoundVersion } from './scan-models.ts';

/** What the repository knows of a version. */
export interface VersionEntry {
  found: FoundVersion;
  /** No file outside of it is read. */
  realRoot: string;
  /** Whether the last scan found it. */
  present: boolean;
  task: ModelSpec['task'] | null;
  /** The model that serves requests; when a changed folder cannot be loaded, the one loaded before. */
  loaded: LeasedModel | null;
  /** Why the folder cannot be loaded, with its code. */
  error: string | null;
  code: ErrorCode;
  readonly statistics: ModelStatistics;
  /** The number of unloads when loading ran out of memory; it is retried after the next. */
  outOfMemoryAt: number | null;
}

export const createVersionEntry = (found: FoundVersion, realRoot: string): VersionEntry => ({
  found,
  realRoot,
  present: true,
  task: null,
  loaded: null,
  error: null,
  code: 'internal',
  statistics: createModelStatistics(),
  outOfMemoryAt: null,
});

export const toKey = ({ name, version }: { readonly name: string; readonly version: number }): string =>
  `${name}@${version}`;

/** Takes a version's model out of service: it is unloaded when its last request has ended. */
export function retireVersion(entry: VersionEntry): void {
  entry.loaded?.retire();
  entry.loaded = null;
}
