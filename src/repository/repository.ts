import type { Engine } from '../engine/engine-interface.ts';
import { isOutOfDescriptors, UnrollError } from '../errors.ts';
import { applyScan, type Change } from './apply-scan.ts';
import { createLoadQueue } from './load-queue.ts';
import { createVersionLoader } from './load-version.ts';
import type { Loader } from './loader.ts';
import { parseReference } from './model-reference.ts';
import type { AnyModel, ModelListing, Repository, RepositoryLog } from './repository-interface.ts';
import { scanModels, type Scan } from './scan-models.ts';
import { createScanRuns } from './scan-runs.ts';
import { describeMissing, describeSkipped, type SkippedPath } from './skipped-paths.ts';
import { createUnloadedModels } from './unloaded-models.ts';
import { retireVersion, toKey, type VersionEntry } from './version-entry.ts';
import { createVersionIndex } from './version-index.ts';
import { watchFolder } from './watch-folder.ts';

/** More versions than this are not waited for at the start, but load while the server listens; nor is each watched. */
const manyVersions = 1000;

/** The changes that a scan found, or why it failed. */
type ScanResult = { readonly changes: readonly Change[] } | { readonly error: unknown };

/**
 * Serves the models of a folder `<root>/<name>/<version>/`. A scan finds the versions; they are loaded one after another,
 * while the next scans add, replace and remove what has changed. A version that cannot be
 * loaded is listed with its error and does not affect the others. A name without a version means the highest
 * version that is ready, so a broken new version leaves the previous one in service. A version whose files
 * change is reloaded and swapped in when it is ready. A version is unloaded when its folder is removed, or by
 * request until it is requested to load again. Requests in flight finish on the model they started with.
 * Closing the repository does not unload the networks: they end with the engine.
 */
export function createRepository({
  root,
  loader,
  engine,
  log,
  watch,
  check,
  scan: scanFolder = () => scanModels(root),
}: {
  /** The folder that is watched. */
  root: string;
  /** Closed with the repository. */
  loader: Loader;
  engine: Pick<Engine, 'register' | 'registerGraph' | 'unload'>;
  log: RepositoryLog;
  watch: boolean;
  /** Refuses a model that has been loaded by throwing an UnrollError. */
  check?: (model: AnyModel) => Promise<void>;
  /** Finds the versions: by default those of the folder. */
  scan?: () => Promise<Scan>;
}): Repository {
  const versions = createVersionIndex<VersionEntry>();
  const unloadedModels = createUnloadedModels();
  const versionLoader = createVersionLoader({ loader, engine, log, unloadedModels, check });
  const queue = createLoadQueue(versionLoader.load);
  /** References that the next scan loads, even if they have not changed. */
  const requested = new Set<string>();
  let stopWatching = (): void => {};
  /** Whether every version of the first scan has been tried. */
  let tried = false;
  /** Null until a scan has succeeded. */
  let firstLoad: Promise<void> | null = null;
  let closed = false;
  let lastWarning = '';
  let skippedPaths: readonly SkippedPath[] = [];
  /** The error of the last scan; null when it succeeded. */
  let scanError: unknown = null;

  /**
   * Finds the versions that a reference names, the highest first.
   * @throws UnrollError invalid_model_name, model_not_found
   */
  function findVersions(reference: string): [VersionEntry, ...VersionEntry[]] {
    const { name, version } = parseReference(reference);
    const all = versions.ofModel(name);
    const [highest, ...others] =
      version === null ? all : all.filter(({ found }) => found.version === version);
    if (!highest)
      throw new UnrollError(
        'model_not_found',
        all.length > 0 ? `model ${name} has no version ${version}` : describeMissing(name, skippedPaths),
        { field: 'model' },
      );
    return [highest, ...others];
  }
  const getUnavailableReason = ({ found, error }: VersionEntry): string | null =>
    unloadedModels.has(found) ? 'it was unloaded on request' : error;

  /** Logs a warning, unless it is the same as in the previous scan; '' resets it. */
  function warnOnce(warning: string): void {
    if (!closed && warning && warning !== lastWarning) log.warn({ models: root }, warning);
    lastWarning = warning;
  }

  const scan = createScanRuns(async (): Promise<ScanResult> => {
    const asked = new Set(requested);
    requested.clear();
    if (closed) return { changes: [] };
    try {
      const found = await scanFolder();
      scanError = null;
      if (closed) return { changes: [] };
      skippedPaths = found.skipped;
      warnOnce(describeSkipped(found.skipped));
      const changes = applyScan(found, { versions, queue, mayFit: versionLoader.mayFit }, asked);
      unloadedModels.prune(versions.list().map((entry) => entry.found));
      firstLoad ??= waitFor(changes).then(() => void (tried = true));
      return { changes };
    } catch (error) {
      scanError = error;
      if (isOutOfDescriptors(error)) for (const reference of asked) requested.add(reference);
      warnOnce(`${describeScanError(error)}; loaded models stay loaded`);
      return { error };
    }
  });

  /** Scans, and has what a reference names loaded first. Resolves when that has been tried. */
  async function scanFor(reference: string): Promise<ScanResult> {
    const { name, version } = parseReference(reference);
    const result = await scan();
    if ('error' in result) return result;
    const changes = result.changes.filter(
      ({ entry: { found } }) => found.name === name && (version === null || found.version === version),
    );
    for (const { entry } of changes) queue.prefer(entry);
    await waitFor(changes);
    return { changes };
  }

  return {
    async start() {
      const result = await scan();
      if (watch && !closed)
        stopWatching = watchFolder(root, async () => void (await scan()), versions.size <= manyVersions);
      if ('changes' in result && result.changes.length <= manyVersions) await firstLoad;
    },
    list: (name) =>
      (name === undefined ? versions.list() : versions.ofModel(name)).map((entry): ModelListing => {
        const { found, task, loaded, statistics } = entry;
        const { name, version, created } = found;
        const served = loaded?.model ?? null;
        const state = {
          ready: loaded !== null,
          error: getUnavailableReason(entry),
          unloaded: unloadedModels.has(found),
        };
        return { name, version, task, ...state, served, statistics, created };
      }),
    skipped: () => skippedPaths,
    acquire(reference) {
      const versionsOfModel = findVersions(reference);
      const ready = versionsOfModel.find(({ loaded }) => loaded !== null);
      if (ready) return ready.loaded!.lease();
      const [highest] = versionsOfModel;
      queue.prefer(highest);
      const reason = getUnavailableReason(highest);
      throw new UnrollError(
        'model_not_ready',
        `model ${toKey(highest.found)} ${reason === null ? 'is being loaded' : `cannot be served: ${reason}`}`,
      );
    },
    prefer(reference) {
      queue.prefer(findVersions(reference)[0]);
    },
    async load(reference) {
      unloadedModels.remove(parseReference(reference));
      requested.add(reference);
      const result = await scanFor(reference);
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      if ('error' in result)
        throw new UnrollError(
          isOutOfDescriptors(result.error) ? 'too_many_open_files' : 'internal',
          `${reference} was not loaded: the models folder cannot be read`,
        );
      const failed = findVersions(reference).filter(({ error }) => error !== null);
      if (failed.length > 0)
        throw new UnrollError(
          failed[0]!.code,
          failed.map(({ found, error }) => `${toKey(found)} cannot be served: ${error}`).join('; '),
        );
    },
    unload(reference) {
      const versionsOfModel = findVersions(reference);
      unloadedModels.add(parseReference(reference));
      for (const entry of versionsOfModel) retireVersion(entry);
    },
    unready() {
      if (!tried) return scanError === null ? 'the models are being loaded' : describeScanError(scanError);
      let count = 0;
      for (const [, { loaded }] of versions.entries()) {
        if (loaded) return null;
        count++;
      }
      if (scanError !== null) return describeScanError(scanError);
      return count === 0
        ? 'there is no model: GET /v1/models lists what was skipped'
        : `none of ${count} model versions can be served: GET /v1/models says why`;
    },
    async rescan(reference) {
      if (reference !== undefined) return void (await scanFor(reference));
      const result = await scan();
      if ('changes' in result) await waitFor(result.changes);
    },
    async close() {
      closed = true;
      stopWatching();
      versionLoader.close();
      queue.close();
      // a running scan ends by itself and changes nothing any more
      await loader.close();
    },
  };
}

const waitFor = async (changes: readonly Change[]): Promise<void> =>
  void (await Promise.all(changes.map(({ done }) => done)));

const describeScanError = (error: unknown): string =>
  `the models folder cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
