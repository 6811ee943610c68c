import { onTestFinished, vi } from 'vitest';
import type { Engine, GraphHandle, NetworkHandle } from '../../src/engine/engine-interface.ts';
import { UnrollError } from '../../src/errors.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { createLoader } from '../../src/repository/loader.ts';
import { createRepository } from '../../src/repository/repository.ts';
import type { Scan } from '../../src/repository/scan-models.ts';
import type { Repository } from '../../src/repository/repository-interface.ts';
import { servedModel } from './sequence-model.ts';

const kernel = createKernel({ mode: 'plain', memoryMegabytes: 64 });

/** An engine that only records its networks. `hold` makes loading wait until it is called. */
export function fakeEngine() {
  let last = 0;
  let gate = Promise.resolve();
  const loaded = new Set<number>();
  const engine = {
    loaded,
    full: false,
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    register: vi.fn<Engine['register']>(async () => {
      await gate;
      if (engine.full) throw new UnrollError('out_of_memory', 'no room for 9 bytes');
      loaded.add(++last);
      return { id: last } as NetworkHandle;
    }),
    registerGraph: vi.fn<Engine['registerGraph']>(async () => {
      loaded.add(++last);
      return { id: last } as GraphHandle;
    }),
    unload: vi.fn<Engine['unload']>(async ({ id }) => {
      loaded.delete(id);
    }),
  };
  return engine;
}

/** A repository of a folder, with its engine and its log; closed after the test. */
export function createTestRepository(
  root: string,
  options: { watch?: boolean; scan?: () => Promise<Scan> } = {},
) {
  const engine = fakeEngine();
  const log = { info: vi.fn<() => void>(), warn: vi.fn<(fields: object, message: string) => void>() };
  const loader = createLoader({ kernel, sizes: { workers: 1, slots: 4, maxSteps: 100 } });
  const repository = createRepository({ root, loader, engine, log, watch: false, ...options });
  onTestFinished(() => repository.close());
  return { kernel, engine, log, repository };
}

export const listed = (repository: Repository): [string, boolean, string | null][] =>
  repository.list().map(({ name, version, ready, error }) => [`${name}@${version}`, ready, error]);
export const getNetwork = (repository: Repository, reference: string): number => {
  const lease = repository.acquire(reference);
  lease.release();
  return servedModel(lease.model).network.id;
};
