import { onTestFinished } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import type { LoadedModel } from '../../src/repository/loader-messages.ts';
import type { Loader } from '../../src/repository/loader.ts';
import { createRepository } from '../../src/repository/repository.ts';
import { scanModels } from '../../src/repository/scan-models.ts';
import { fakeEngine } from './test-repository.ts';

/**
 * A repository whose models take as long to load as a test wants: each until `next` is called. A model whose files are smaller
 * than any real one is refused with their size.
 */
export function createSlowRepository(root: string, { watch = false } = {}) {
  const engine = fakeEngine();
  /** The versions that were loaded, in order. */
  const begun: string[] = [];
  let scans = 0;
  let end = (): void => {};
  let close = (): void => {};
  const closing = new Promise<void>((resolve) => (close = resolve));
  const loader: Loader = {
    starts: 1,
    async load({ folder, bytes }) {
      begun.push(folder.split('/').slice(-2).join('@'));
      await Promise.race([new Promise<void>((resolve) => (end = resolve)), closing.then(refuse)]);
      if (bytes < 500) throw new UnrollError('invalid_weights', '9 bytes');
      return {
        sequence: 'as tensors only',
        graph: {},
        signature: null,
        lookups: [],
        notes: [],
      } as unknown as LoadedModel;
    },
    close: async () => close(),
  };
  const refuse = (): never => {
    throw new UnrollError('shutting_down', 'the server is shutting down');
  };
  const repository = createRepository({
    root,
    loader,
    engine,
    log: { info: () => {}, warn: () => {} },
    watch,
    scan: () => scanModels(root).finally(() => scans++),
  });
  onTestFinished(() => repository.close());
  return {
    engine,
    repository,
    begun,
    /** Scans that have ended. */
    scans: () => scans,
    /** Ends the load that runs, and lets the next begin. */
    async next(): Promise<void> {
      end();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
