import type { Engine } from '../engine/engine-interface.ts';
import { isOutOfDescriptors, UnrollError } from '../errors.ts';
import { createUnloadedModels } from './unloaded-models.ts';
import { createLeasedModel } from './leased-model.ts';
import { createLoadQueue } from './load-queue.ts';
import { parseReference } from './model-reference.ts';
import { registerModel, unregisterModel } from './register-model.ts';
import type { Loader } from './loader.ts';
import type { AnyModel, ModelListing, Repository } from './repository-interface.ts';
import { scanModels, type Scan } from './scan-models.ts';
import { describeMissing, describeSkipped, type SkippedPath } from './skipped-paths.ts';
import { createVersionEntry, type VersionEntry as Version } from './version-entry.ts';
import { createVersionIndex } from './version-index.ts';
import { watchFolder } from './watch-folder.ts';

/** More versions than this are not waited for at the start, but load while the server listens; nor is each watched. */
const manyVersions = 1000;

export interface RepositoryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Serves the models of a folder `<root>/<name>/<version>/`. Every version is loaded; one that cannot be
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
  scan: scanFolder = () => scanModels(root),
}: {
  /** The folder that is watched. */
  root: string;
  /** Closed with the repository. */
  loader: Loader;
  engine: Pick<Engine, 'register' | 'registerGraph' | 'unload'>;
  log: RepositoryLog;
  watch: boolean;
  /** Finds the versions: by default those of the folder. */
  scan?: () => Promise<Scan>;
}): Repository {
  const versions = createVersionIndex<Version>();
  /** Versions to load; those that a request asks for come first. */
  const waiting = createLoadQueue<Version>();
  const manyFound = Promise.withResolvers<void>();
  const unloadedModels = createUnloadedModels();
  /** Load requests for the next scan, which loads those versions even if they have not changed. */
  const requested = new Set<{ readonly reference: string }>();
  /** References whose load request failed because the process was out of file descriptors. */
  const retry = new Set<string>();
  let scanning: Promise<void> | null = null;
  let nextScan: Promise<void> | null = null;
  let stopWatching = (): void => {};
  let scannedOnce = false;
  let closed = false;
  let unloadCount = 0;
  let lastWarning = '';
  let skippedPaths: readonly SkippedPath[] = [];
  /** The error of the last scan; null when it succeeded. */
  let scanError: unknown = null;

  const toKey = ({ name, version }: { name: string; version: number }): string => `${name}@${version}`;

  /**
   * Finds the versions that a reference names, the highest first.
   * @throws UnrollError invalid_model_name, model_not_found
   */
  function findVersions(reference: string): [Version, ...Version[]] {
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
  const getUnavailableReason = ({ found, error }: Version): string | null =>
    unloadedModels.has(found) ? 'it was unloaded on request' : error;

  function unloadModel(model: AnyModel): void {
    const { name, version } = model;
    unregisterModel(engine, model).then(
      () => {
        unloadCount++;
        log.info({ model: name, version }, 'model unloaded');
      },
      (error: unknown) => log.warn({ model: name, version, err: error }, 'model could not be unloaded'),
    );
  }

  /**
   * Loads a version and swaps it in for the model that served it before. A failure is recorded in the entry
   * and logged.
   */
  async function load(entry: Version, realRoot: string): Promise<void> {
    const { name, version, folder, file, anyName, bytes } = entry.found;
    const startedAt = performance.now();
    try {
      const loaded = await loader.load(
        { realRoot, folder, name, file, anyName, bytes },
        (task) => (entry.task = task),
      );
      const { statistics } = entry;
      const model = await registerModel(engine, loaded, { name, version, statistics });
      if (model.spec === null) entry.task = null;
      const previous = entry.loaded;
      entry.loaded = createLeasedModel(model, () => unloadModel(model));
      entry.error = null;
      entry.outOfMemoryAt = null;
      previous?.retire();
      // an unload request arrived while it was being loaded
      if (unloadedModels.has(entry.found)) retire(entry);
      const ms = Math.round(performance.now() - startedAt);
      log.info({ model: name, version, ms }, previous ? 'model reloaded' : 'model loaded');
    } catch (error) {
      // closing rejects pending loads: not worth a log line
      if (closed) return;
      const isKnown = error instanceof UnrollError;
      entry.error = isKnown ? error.message : 'the model could not be loaded';
      entry.code = isKnown ? error.code : 'internal';
      entry.outOfMemoryAt = isKnown && error.code === 'out_of_memory' ? unloadCount : null;
      // an empty stamp makes the next scan retry, as if the folder had changed
      if (isOutOfDescriptors(error)) entry.found = { ...entry.found, stamp: '' };
      log.warn(
        { model: name, version, error: entry.error, ...(!isKnown && { err: error }) },
        entry.loaded
          ? 'changed model cannot be served, the previous one is still served'
          : 'model cannot be served',
      );
    }
  }

  function retire(entry: Version): void {
    entry.loaded?.retire();
    entry.loaded = null;
  }

  async function scan(): Promise<void> {
    const { realRoot, found, skipped } = await scanFolder();
    scanError = null;
    skippedPaths = skipped;
    warnOnce(describeSkipped(skipped));
    const forced = new Set([...retry, ...Array.from(requested, ({ reference }) => reference)]);
    requested.clear();
    retry.clear();
    for (const foundVersion of found) {
      const entry = versions.get(toKey(foundVersion));
      if (!entry) {
        const added = createVersionEntry(foundVersion);
        versions.set(toKey(foundVersion), added);
        waiting.add(added);
      } else if (
        entry.found.stamp !== foundVersion.stamp ||
        (entry.outOfMemoryAt !== null && entry.outOfMemoryAt < unloadCount) ||
        forced.has(foundVersion.name) ||
        forced.has(toKey(foundVersion))
      ) {
        entry.found = foundVersion;
        waiting.add(entry);
      }
    }
    if (waiting.size > manyVersions) manyFound.resolve();
    for (let entry = waiting.take(); entry; entry = waiting.take())
      if (!closed && !unloadedModels.has(entry.found)) await load(entry, realRoot);
    // after loading, so that a model whose folder was renamed is available throughout
    const present = new Set(found.map(toKey));
    for (const [key, entry] of versions.entries())
      if (!present.has(key)) {
        versions.delete(key);
        retire(entry);
      }
    unloadedModels.prune(versions.list().map((entry) => entry.found));
  }

  /** Logs a warning, unless it is the same as in the previous scan; '' resets it. */
  function warnOnce(warning: string): void {
    if (!closed && warning && warning !== lastWarning) log.warn({ models: root }, warning);
    lastWarning = warning;
  }

  function rescan(): Promise<void> {
    if (scanning) {
      // changes since the current scan began need another one
      nextScan ??= scanning.then(() => {
        nextScan = null;
        return rescan();
      });
      return nextScan;
    }
    if (closed) return Promise.resolve();
    scanning = scan()
      .catch((error: unknown) => {
        scanError = error;
        warnOnce(`${describeScanError(error)}; loaded models stay loaded`);
      })
      .finally(() => {
        scanning = null;
        scannedOnce = true;
      });
    return scanning;
  }

  return {
    async start() {
      const loaded = rescan().then(() => {
        if (watch && !closed)
          stopWatching = watchFolder(root, rescan, versions.list().length <= manyVersions);
      });
      await Promise.race([loaded, manyFound.promise]);
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
      waiting.prefer(highest);
      const reason = getUnavailableReason(highest);
      throw new UnrollError(
        'model_not_ready',
        `model ${toKey(highest.found)} ${reason === null ? 'is being loaded' : `cannot be served: ${reason}`}`,
      );
    },
    async load(reference) {
      unloadedModels.remove(parseReference(reference));
      const request = { reference };
      requested.add(request);
      await rescan();
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      if (requested.delete(request)) {
        const willRetry = isOutOfDescriptors(scanError);
        if (willRetry) retry.add(reference);
        const code = willRetry ? 'too_many_open_files' : 'internal';
        throw new UnrollError(code, `${reference} was not loaded: the models folder cannot be read`);
      }
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
      for (const entry of versionsOfModel) retire(entry);
    },
    unready() {
      if (!scannedOnce) return 'the models are being loaded';
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
    rescan,
    async close() {
      closed = true;
      stopWatching();
      // a running scan ends by itself and changes nothing any more
      await loader.close();
    },
  };
}

const describeScanError = (error: unknown): string =>
  `the models folder cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
