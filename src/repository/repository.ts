import type { Engine } from '../engine/engine-interface.ts';
import { isOutOfDescriptors, UnrollError } from '../errors.ts';
import { defaultAlias } from '../model-files.ts';
import { createAliasIndex } from './alias-index.ts';
import { noAliases } from './aliases-file.ts';
import { applyScan, type Change } from './apply-scan.ts';
import { removeModel, removeVersion, setAlias, type ModelHome } from './change-versions.ts';
import { createVersionFinder } from './find-version.ts';
import { createLoadQueue } from './load-queue.ts';
import { createVersionLoader } from './load-version.ts';
import type { Loader } from './loader.ts';
import { parseReference } from './model-reference.ts';
import type { AnyModel, ModelListing, Repository, RepositoryLog } from './repository-interface.ts';
import { scanModels, type Scan } from './scan-models.ts';
import { createScanRuns } from './scan-runs.ts';
import { describeSkipped, type SkippedPath } from './skipped-paths.ts';
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
 * loaded is listed with its error and does not affect the others. A name without a version means the version that its alias
 * default points at; where that is not set, the highest that is ready, so a broken new version leaves the previous one in
 * service. A version whose files
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
  const scanned = Promise.withResolvers<void>();
  let stopWatching = (): void => {};
  /** Whether every version of the first scan has been tried. */
  let tried = false;
  /** Null until a scan has succeeded. */
  let firstLoad: Promise<void> | null = null;
  let closed = false;
  let lastWarning = '';
  let skippedPaths: readonly SkippedPath[] = [];
  /** Whether models have aliases: not where a single one is served. */
  let hasAliases = false;
  /** The error of the last scan; null when it succeeded. */
  let scanError: unknown = null;

  const aliases = createAliasIndex((name, alias) => finder.serving(name, alias));
  const finder = createVersionFinder({
    versions,
    aliases,
    unloadedModels,
    skipped: () => skippedPaths,
  });
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
    const begun = aliases.beginScan();
    try {
      const found = await scanFolder();
      scanError = null;
      if (closed) return { changes: [] };
      skippedPaths = found.skipped;
      warnOnce(describeSkipped(found.skipped));
      hasAliases = found.aliases !== undefined;
      // before versions are removed: what an alias has served until now is still known
      aliases.apply(found.aliases, begun);
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

  function toListing(entry: VersionEntry): ModelListing {
    const { found, task, loaded, statistics } = entry;
    const { name, version, created } = found;
    const pointing = [...aliases.of(name).versions].filter(([, target]) => target === version);
    return {
      name,
      version,
      task,
      ready: loaded !== null,
      error: getUnavailableReason(entry),
      unloaded: unloadedModels.has(found),
      served: loaded?.model ?? null,
      statistics,
      aliases: pointing.map(([alias]) => alias),
      created,
    };
  }

  function notReady(entry: VersionEntry): UnrollError {
    const reason = getUnavailableReason(entry);
    return new UnrollError(
      'model_not_ready',
      `model ${toKey(entry.found)} ${reason === null ? 'is being loaded' : `cannot be served: ${reason}`}`,
    );
  }

  /** Finds a version to which traffic may go, also one that has just been published. @throws as `setAlias` */
  async function findReady(name: string, version: number): Promise<VersionEntry> {
    const key = toKey({ name, version });
    if (!versions.get(key)?.loaded) await scanFor(key);
    const entry = finder.one(key);
    if (entry.loaded) return entry;
    throw notReady(entry);
  }

  /** The folder of a model's versions. @throws UnrollError model_not_found, models_read_only */
  function findHome(name: string): ModelHome {
    const { realRoot } = finder.all(name)[0];
    if (hasAliases) return { realRoot, name };
    throw new UnrollError(
      'models_read_only',
      'UNROLL_MODEL serves one model as it is: set UNROLL_MODELS instead',
    );
  }

  /** A reference to the version that an alias points at; any other as it is. */
  function withoutAlias(reference: string): string {
    const { alias } = parseReference(reference);
    return alias === undefined ? reference : toKey(finder.one(reference).found);
  }

  return {
    async start() {
      const result = await scan();
      scanned.resolve();
      if (watch && !closed)
        stopWatching = watchFolder(root, async () => void (await scan()), versions.size <= manyVersions);
      if ('changes' in result && result.changes.length <= manyVersions) await firstLoad;
    },
    scanned: scanned.promise,
    list: (name) => (name === undefined ? versions.list() : versions.ofModel(name)).map(toListing),
    find: (reference) => toListing(finder.one(reference)),
    aliases: (name) => aliases.of(name).versions,
    skipped: () => skippedPaths,
    acquire(reference) {
      const entry = finder.one(reference);
      if (entry.loaded) return entry.loaded.lease();
      queue.prefer(entry);
      throw notReady(entry);
    },
    prefer(reference) {
      queue.prefer(finder.one(reference));
    },
    async setAlias(name, alias, version) {
      const to = version === null ? null : await findReady(name, version);
      const changed = await setAlias(findHome(name), alias, to?.found ?? null);
      aliases.set(name, changed.aliases);
      return changed.previous;
    },
    async removeVersion(name, version) {
      const { found } = finder.one(toKey({ name, version }));
      if (aliases.target(name, defaultAlias) === null && finder.serving(name, defaultAlias) === version)
        throw new UnrollError(
          'in_use',
          `version: ${name} is version ${version}, since its alias default is not set: set that to another version first, or delete the model`,
          { field: 'version' },
        );
      aliases.set(name, await removeVersion(findHome(name), found));
      await scan();
    },
    async removeModel(name) {
      await removeModel(findHome(name));
      aliases.set(name, noAliases);
      await scan();
    },
    async load(reference) {
      const asked = withoutAlias(reference);
      unloadedModels.remove(parseReference(asked));
      requested.add(asked);
      const result = await scanFor(asked);
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      if ('error' in result)
        throw new UnrollError(
          isOutOfDescriptors(result.error) ? 'too_many_open_files' : 'internal',
          `${reference} was not loaded: the models folder cannot be read`,
        );
      const failed = finder.all(asked).filter(({ error }) => error !== null);
      if (failed.length > 0)
        throw new UnrollError(
          failed[0]!.code,
          failed.map(({ found, error }) => `${toKey(found)} cannot be served: ${error}`).join('; '),
        );
    },
    unload(reference) {
      const asked = withoutAlias(reference);
      const entries = finder.all(asked);
      unloadedModels.add(parseReference(asked));
      for (const entry of entries) retireVersion(entry);
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
