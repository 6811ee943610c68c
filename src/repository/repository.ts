import type { Engine } from '../engine/engine-interface.ts';
import { isOutOfDescriptors, UnrollError, type ErrorCode } from '../errors.ts';
import type { ModelSpec } from '../network/spec.ts';
import { openVocabulary } from '../vocabulary/vocabulary.ts';
import { createUnloadedModels } from './unloaded-models.ts';
import { createLeasedModel, type LeasedModel } from './leased-model.ts';
import { createModelStatistics, type ModelStatistics } from './model-statistics.ts';
import { parseReference } from './model-reference.ts';
import type { Loader } from './loader.ts';
import type { ModelListing, Repository, ServedModel } from './repository-interface.ts';
import { scanModels, type FoundVersion } from './scan-models.ts';
import { watchFolder } from './watch-folder.ts';

export interface RepositoryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

interface Version {
  found: FoundVersion;
  task: ModelSpec['task'] | null;
  /** What answers; when a changed folder can't be read, what was there before. */
  loaded: LeasedModel | null;
  error: string | null;
  readonly statistics: ModelStatistics;
  /** Of `error`. */
  code: ErrorCode;
  /** Refused for want of memory when this many versions had been unloaded: worth another try after the next. */
  refusedAt: number | null;
}

/**
 * The models of a folder `<root>/<name>/<version>/`. Every version that is there is loaded; one that can't be is listed
 * with its error and stops no other. A name without a version means the highest version that can answer, so a broken new
 * version leaves the one before it in service. A version whose files change is loaded anew and swapped in when it is ready;
 * what has gone is unloaded, and so is what somebody asks to be, until it is asked for again. Requests in flight finish on what they
 * started with. Networks end with the engine, not here.
 */
export function createRepository({
  root,
  loader,
  engine,
  log,
  watch,
}: {
  root: string;
  /** Ends with the repository. */
  loader: Loader;
  engine: Pick<Engine, 'register' | 'unload'>;
  log: RepositoryLog;
  watch: boolean;
}): Repository {
  const versions = new Map<string, Version>();
  const holds = createUnloadedModels();
  /** Of versions that the next scan reads, changed or not. */
  const asked = new Set<{ readonly reference: string }>();
  /** What was asked for when there was no file descriptor to read it with. */
  const retry = new Set<string>();
  let scanning: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let stopWatching = (): void => {};
  let scanned = false;
  let closed = false;
  let unloads = 0;
  let lastComplaint = '';
  /** Of the last scan. */
  let scanError: unknown = null;

  const keyOf = ({ name, version }: { name: string; version: number }): string => `${name}@${version}`;
  const sorted = (): Version[] =>
    [...versions.values()].sort(({ found: a }, { found: b }) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : b.version - a.version,
    );

  /** Those that a reference names, the highest first. @throws UnrollError invalid_model_name, model_not_found */
  function named(reference: string): [Version, ...Version[]] {
    const { name, version } = parseReference(reference);
    const all = sorted().filter(({ found }) => found.name === name);
    const [highest, ...others] =
      version === null ? all : all.filter(({ found }) => found.version === version);
    if (!highest)
      throw new UnrollError(
        'model_not_found',
        all.length === 0 ? `there is no model ${name}` : `model ${name} has no version ${version}`,
      );
    return [highest, ...others];
  }
  const whyNot = ({ found, error }: Version): string | null =>
    holds.has(found) ? 'it was unloaded on request' : error;

  function free({ name, version, network }: ServedModel): void {
    engine.unload(network).then(
      () => {
        unloads++;
        log.info({ model: name, version }, 'model unloaded');
      },
      (error: unknown) => log.warn({ model: name, version, err: error }, 'model could not be unloaded'),
    );
  }

  /** Loads a version and puts it in place of what answered under its name. */
  async function load(entry: Version, realRoot: string): Promise<void> {
    const { name, version, folder, bytes } = entry.found;
    const started = performance.now();
    try {
      const { spec, chain, placement, ...packed } = await loader.load(
        { realRoot, folder, name, bytes },
        (task) => (entry.task = task),
      );
      const { inputs, outputs } = spec;
      const vocabulary =
        inputs.kind === 'text' && packed.vocabulary ? openVocabulary(inputs, packed.vocabulary) : null;
      const target =
        outputs.vocabulary && packed.target ? openVocabulary(outputs.vocabulary, packed.target) : null;
      const writes = target ?? vocabulary;
      const network = await engine.register(placement, {
        tokens: (packed.target ?? packed.vocabulary)?.tokens,
        startId: writes?.startId,
        endId: writes?.endId,
        meter: entry.statistics,
      });
      const { statistics } = entry;
      const model: ServedModel = { name, version, spec, vocabulary, target, chain, network, statistics };
      const before = entry.loaded;
      entry.loaded = createLeasedModel(model, () => free(model));
      entry.error = null;
      entry.refusedAt = null;
      before?.retire();
      // asked for while it was loaded
      if (holds.has(entry.found)) retire(entry);
      const ms = Math.round(performance.now() - started);
      log.info({ model: name, version, ms }, before ? 'model reloaded' : 'model loaded');
    } catch (error) {
      // an answer that nobody waits for any more
      if (closed) return;
      const known = error instanceof UnrollError;
      entry.error = known ? error.message : 'the model could not be loaded';
      entry.code = known ? error.code : 'internal';
      entry.refusedAt = known && error.code === 'out_of_memory' ? unloads : null;
      // the next scan tries again, as if the folder had changed
      if (isOutOfDescriptors(error)) entry.found = { ...entry.found, stamp: '' };
      // a server that shuts down does not wait for the model, and says so itself
      if (closed) return;
      log.warn(
        { model: name, version, error: entry.error, ...(!known && { err: error }) },
        entry.loaded
          ? 'changed model cannot be served, what was there before still is'
          : 'model cannot be served',
      );
    }
  }

  function retire(entry: Version): void {
    entry.loaded?.retire();
    entry.loaded = null;
  }

  async function scan(): Promise<void> {
    const { realRoot, found, passedOver } = await scanModels(root);
    scanError = null;
    complain(
      passedOver.length > 0 ? `passed over, no model or version: ${passedOver.slice(0, 20).join(', ')}` : '',
    );
    const again = new Set([...retry, ...Array.from(asked, ({ reference }) => reference)]);
    asked.clear();
    retry.clear();
    const toLoad: Version[] = [];
    for (const one of found) {
      const entry = versions.get(keyOf(one));
      if (!entry) {
        const fresh: Version = {
          found: one,
          task: null,
          loaded: null,
          error: null,
          statistics: createModelStatistics(),
          code: 'internal',
          refusedAt: null,
        };
        versions.set(keyOf(one), fresh);
        toLoad.push(fresh);
      } else if (
        entry.found.stamp !== one.stamp ||
        (entry.refusedAt !== null && entry.refusedAt < unloads) ||
        again.has(one.name) ||
        again.has(keyOf(one))
      ) {
        entry.found = one;
        toLoad.push(entry);
      }
    }
    for (const entry of toLoad) if (!closed && !holds.has(entry.found)) await load(entry, realRoot);
    // only now, so that a model that was renamed or renumbered is not missing meanwhile
    const there = new Set(found.map(keyOf));
    for (const [key, entry] of versions)
      if (!there.has(key)) {
        versions.delete(key);
        retire(entry);
      }
    holds.prune([...versions.values()].map((entry) => entry.found));
  }

  /** Says a thing once, however often we look. */
  function complain(complaint: string): void {
    if (closed) return;
    if (complaint && complaint !== lastComplaint) log.warn({ models: root }, complaint);
    lastComplaint = complaint;
  }

  function rescan(): Promise<void> {
    if (scanning) {
      // what changed since that scan began is for one more
      next ??= scanning.then(() => {
        next = null;
        return rescan();
      });
      return next;
    }
    if (closed) return Promise.resolve();
    scanning = scan()
      .catch((error: unknown) => {
        scanError = error;
        const { code = 'unknown' } = error as NodeJS.ErrnoException;
        complain(`the models folder cannot be read (${code}); what is loaded stays`);
      })
      .finally(() => {
        scanning = null;
        scanned = true;
      });
    return scanning;
  }

  return {
    async start() {
      await rescan();
      if (watch && !closed) stopWatching = watchFolder(root, () => void rescan());
    },
    list: () =>
      sorted().map((entry): ModelListing => {
        const { found, task, loaded, statistics } = entry;
        const { name, version, created } = found;
        const served = loaded?.model ?? null;
        const state = { ready: loaded !== null, error: whyNot(entry), unloaded: holds.has(found) };
        return { name, version, task, ...state, served, statistics, created };
      }),
    acquire(reference) {
      const wanted = named(reference);
      const ready = wanted.find(({ loaded }) => loaded !== null);
      if (ready) return ready.loaded!.lease();
      const [highest] = wanted;
      const why = whyNot(highest);
      throw new UnrollError(
        'model_not_ready',
        `model ${keyOf(highest.found)} ${why === null ? 'is being loaded' : `cannot be served: ${why}`}`,
      );
    },
    async load(reference) {
      holds.remove(parseReference(reference));
      const request = { reference };
      asked.add(request);
      await rescan();
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      if (asked.delete(request)) {
        const retried = isOutOfDescriptors(scanError);
        if (retried) retry.add(reference);
        const code = retried ? 'too_many_open_files' : 'internal';
        throw new UnrollError(code, `${reference} was not loaded: the models folder cannot be read`);
      }
      const broken = named(reference).filter(({ error }) => error !== null);
      if (broken.length > 0)
        throw new UnrollError(
          broken[0]!.code,
          broken.map(({ found, error }) => `${keyOf(found)} cannot be served: ${error}`).join('; '),
        );
    },
    unload(reference) {
      const wanted = named(reference);
      holds.add(parseReference(reference));
      for (const entry of wanted) retire(entry);
    },
    ready: () => scanned,
    rescan,
    async close() {
      closed = true;
      stopWatching();
      // a scan that still looks at the folder ends by itself, and changes nothing any more
      await loader.close();
    },
  };
}
