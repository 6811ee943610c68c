import type { Engine } from '../engine/engine-interface.ts';
import { isOutOfDescriptors, UnrollError } from '../errors.ts';
import { createLeasedModel } from './leased-model.ts';
import type { Loader } from './loader.ts';
import { registerModel, unregisterModel } from './register-model.ts';
import type { AnyModel, RepositoryLog } from './repository-interface.ts';
import type { UnloadedModels } from './unloaded-models.ts';
import { retireVersion, type VersionEntry } from './version-entry.ts';

export interface VersionLoaderOptions {
  readonly loader: Loader;
  readonly engine: Pick<Engine, 'register' | 'registerGraph' | 'unload'>;
  readonly log: RepositoryLog;
  readonly unloadedModels: UnloadedModels;
  /** Refuses a model by throwing an UnrollError. */
  readonly check?: ((model: AnyModel) => Promise<void>) | undefined;
}

/** Loads versions into service. */
export interface VersionLoader {
  /**
   * Loads a version and swaps it in for the model that served it before, unless it is unloaded on request. A failure is
   * recorded in the entry and logged. Never rejects.
   */
  readonly load: (entry: VersionEntry) => Promise<void>;
  /** Whether a version that did not fit into memory may fit now: another has been unloaded since. */
  readonly mayFit: (entry: VersionEntry) => boolean;
  /** Versions are not loaded any more, and failures not logged. */
  close(): void;
}

export function createVersionLoader(options: VersionLoaderOptions): VersionLoader {
  const { loader, engine, log, unloadedModels, check } = options;
  let unloadCount = 0;
  let closed = false;

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

  async function swapIn(entry: VersionEntry): Promise<'model reloaded' | 'model loaded'> {
    const { realRoot, statistics } = entry;
    const { name, version, folder, file, anyName, bytes } = entry.found;
    const loaded = await loader.load(
      { realRoot, folder, name, file, anyName, bytes },
      (task) => (entry.task = task),
    );
    const model = await registerModel(engine, loaded, { name, version, statistics });
    try {
      await check?.(model);
    } catch (error) {
      unloadModel(model);
      throw error;
    }
    if (model.spec === null) entry.task = null;
    const previous = entry.loaded;
    entry.loaded = createLeasedModel(model, () => unloadModel(model));
    entry.error = null;
    entry.outOfMemoryAt = null;
    previous?.retire();
    // an unload request arrived while it was being loaded
    if (unloadedModels.has(entry.found)) retireVersion(entry);
    return previous ? 'model reloaded' : 'model loaded';
  }

  function recordFailure(entry: VersionEntry, tried: VersionEntry['found'], error: unknown): void {
    const isKnown = error instanceof UnrollError;
    entry.error = isKnown ? error.message : 'the model could not be loaded';
    entry.code = isKnown ? error.code : 'internal';
    entry.outOfMemoryAt = isKnown && error.code === 'out_of_memory' ? unloadCount : null;
    // an empty stamp makes the next scan retry, as if the folder had changed; a scan meanwhile may have seen that it has
    if (isOutOfDescriptors(error) && entry.found === tried) entry.found = { ...tried, stamp: '' };
    const { name, version } = tried;
    log.warn(
      { model: name, version, error: entry.error, ...(!isKnown && { err: error }) },
      entry.loaded
        ? 'changed model cannot be served, the previous one is still served'
        : 'model cannot be served',
    );
  }

  return {
    async load(entry) {
      if (closed || unloadedModels.has(entry.found)) return;
      const tried = entry.found;
      const startedAt = performance.now();
      try {
        const message = await swapIn(entry);
        const ms = Math.round(performance.now() - startedAt);
        log.info({ model: tried.name, version: tried.version, ms }, message);
      } catch (error) {
        // closing rejects pending loads: not worth a log line
        if (!closed) recordFailure(entry, tried, error);
      }
    },
    mayFit: ({ outOfMemoryAt }) => outOfMemoryAt !== null && outOfMemoryAt < unloadCount,
    close() {
      closed = true;
    },
  };
}
