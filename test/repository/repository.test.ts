import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Engine, NetworkHandle } from '../../src/engine/engine-interface.ts';
import { UnrollError } from '../../src/errors.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { openTokens, type PackedTokens } from '../../src/vocabulary/token-table.ts';
import { createLoader } from '../../src/repository/loader.ts';
import { createRepository } from '../../src/repository/repository.ts';
import type { Repository } from '../../src/repository/repository-interface.ts';
import { classifier, temporaryFolder, writeModel } from './model-folders.ts';

const kernel = createKernel({ mode: 'plain', memoryMegabytes: 64 });

/** An engine that only records its networks. `hold` makes loading wait until it is called. */
function fakeEngine() {
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
    unload: vi.fn<Engine['unload']>(async ({ id }) => {
      loaded.delete(id);
    }),
  };
  return engine;
}

function createTestRepository(root: string, options: { watch?: boolean } = {}) {
  const engine = fakeEngine();
  const log = { info: vi.fn<() => void>(), warn: vi.fn<(fields: object, message: string) => void>() };
  const loader = createLoader({ kernel, sizes: { workers: 1, slots: 4, maxSteps: 100 } });
  const repository = createRepository({ root, loader, engine, log, watch: options.watch ?? false });
  onTestFinished(() => repository.close());
  return { engine, log, repository };
}

const listed = (repository: Repository): [string, boolean, string | null][] =>
  repository.list().map(({ name, version, ready, error }) => [`${name}@${version}`, ready, error]);
const getNetwork = (repository: Repository, reference: string): number => {
  const lease = repository.acquire(reference);
  lease.release();
  return lease.model.network.id;
};

describe('repository', () => {
  it('loads every version and serves the highest one, or the one of the request', async () => {
    const root = temporaryFolder();
    for (const version of [1, 2, 10]) writeModel(root, 'tiny', version);
    writeModel(root, 'other', 3);
    const { repository } = createTestRepository(root);
    expect(repository.ready()).toBe(false);
    await repository.start();
    expect(repository.ready()).toBe(true);
    expect(listed(repository).map(([name]) => name)).toEqual(['other@3', 'tiny@10', 'tiny@2', 'tiny@1']);
    expect(repository.acquire('tiny').model).toMatchObject({ name: 'tiny', version: 10 });
    expect(repository.acquire('tiny@2').model.version).toBe(2);
    expect(repository.acquire('other').model.vocabulary!.tokens.at(2)).toBe('c');
  });

  it('announces a network and its tokens to the engine', async () => {
    const root = temporaryFolder();
    const inputs = { kind: 'text', vocabulary: 'characters', tokens: ['a', 'b', 'c'], end: 2 };
    writeModel(root, 'tiny', 1, { spec: classifier({ inputs }) });
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    const [placement, options] = engine.register.mock.calls[0]!;
    expect(placement.info.layers).toHaveLength(3);
    expect(placement.arenas).toHaveLength(1);
    expect(kernel.memory.used).toBeGreaterThan(placement.info.weightBytes);
    expect(openTokens(options!.tokens as PackedTokens).at(1)).toBe('b');
    expect(options!.endId).toBe(2);
  });

  it.each([
    ['unknown', 'model_not_found', 'there is no model unknown'],
    ['tiny@7', 'model_not_found', 'model tiny has no version 7'],
    ['../tiny', 'invalid_model_name', 'is not "name" or "name@version"'],
    ['%2e%2e%2ftiny', 'invalid_model_name', 'is not'],
  ])('refuses %s', async (reference, code, says) => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { repository } = createTestRepository(root);
    await repository.start();
    expect(() => repository.acquire(reference)).toThrow(expect.objectContaining({ code }));
    expect(() => repository.acquire(reference)).toThrow(says);
  });

  it('lists a broken model with its error and serves the others', async () => {
    const root = temporaryFolder();
    writeModel(root, 'cut', 1);
    truncateSync(join(root, 'cut/1/weights.safetensors'), 50);
    writeModel(root, 'fine', 1);
    writeModel(root, 'huge', 1);
    truncateSync(join(root, 'huge/1/model.json'), 100e6);
    writeModel(root, 'misnamed', 1, { spec: classifier({ name: 'tiny' }) });
    writeModel(root, 'wrong', 1, { spec: classifier({ name: 'wrong', task: 'sing' }) });
    const { repository } = createTestRepository(root);
    await repository.start();
    expect(listed(repository)).toEqual([
      ['cut@1', false, expect.stringContaining('the whole file 50')],
      ['fine@1', true, null],
      ['huge@1', false, 'model.json has 100000000 bytes, the limit is 16777216'],
      ['misnamed@1', false, "model.json: name: tiny, must be the folder's name, misnamed"],
      ['wrong@1', false, expect.stringContaining('model.json: task:')],
    ]);
    expect(repository.list().map(({ task }) => task)).toEqual([
      'classify',
      'classify',
      null,
      'classify',
      null,
    ]);
    expect(() => repository.acquire('cut')).toThrow(expect.objectContaining({ code: 'model_not_ready' }));
    expect(repository.acquire('fine').model.name).toBe('fine');
  });

  it('does not follow links out of its folder', async () => {
    const elsewhere = temporaryFolder();
    const outside = writeModel(elsewhere, 'tiny', 1);
    const root = temporaryFolder();
    const folder = writeModel(root, 'tiny', 1);
    symlinkSync(elsewhere, join(root, 'climber'));
    symlinkSync(outside, join(root, 'tiny', '2'));
    rmSync(join(folder, 'weights.safetensors'));
    symlinkSync(join(outside, 'weights.safetensors'), join(folder, 'weights.safetensors'));
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    expect(listed(repository)).toEqual([
      ['tiny@1', false, 'weights.safetensors is a link that leads out of the models folder'],
    ]);
    expect(engine.register).not.toHaveBeenCalled();
  });

  it('logs what is not in the folder of a version once, and says so when it is asked for', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'empty'));
    const { repository, log } = createTestRepository(root);
    await repository.start();
    await repository.rescan();
    expect(repository.list()).toEqual([]);
    expect(repository.skipped()).toEqual([
      { path: 'empty', reason: 'has no folder of a version, such as empty/1' },
    ]);
    expect(log.warn.mock.calls.map(([, message]) => message)).toEqual([
      'skipped in the models folder: empty has no folder of a version, such as empty/1',
    ]);
    expect(() => repository.acquire('empty')).toThrow('there is no model empty: its folder has no folder');
    expect(() => repository.acquire('other')).toThrow(/there is no model other$/);
  });

  it('keeps its folder’s path out of error messages', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    rmSync(join(root, 'tiny/1/model.json'));
    writeModel(root, 'other', 1);
    rmSync(join(root, 'other/1/weights.safetensors'));
    const { repository } = createTestRepository(root);
    await repository.start();
    expect(listed(repository).map(([, , error]) => error)).toEqual([
      'weights.safetensors is missing',
      expect.stringMatching(/^model\.json is missing, and .*"read\.0\.forward" is a layer of a model\.json/),
    ]);
  });
});

describe('rescan', () => {
  it('serves the old version until the new one is loaded', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    const release = engine.hold();
    writeModel(root, 'tiny', 2);
    const scan = repository.rescan();
    await vi.waitFor(() => expect(engine.register).toHaveBeenCalledTimes(2), { timeout: 30_000 });
    expect(listed(repository)[0]).toEqual(['tiny@2', false, null]);
    expect(repository.acquire('tiny').model.version).toBe(1);
    expect(() => repository.acquire('tiny@2')).toThrow('model tiny@2 is being loaded');
    release();
    await scan;
    expect(repository.acquire('tiny').model.version).toBe(2);
    expect(repository.acquire('tiny@1').model.version).toBe(1);
  });

  it('keeps the previous version in service when a new one is broken', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { repository } = createTestRepository(root);
    await repository.start();
    writeModel(root, 'tiny', 2, { weights: Uint8Array.of(1, 2, 3) });
    await repository.rescan();
    expect(listed(repository)).toEqual([
      ['tiny@2', false, '3 bytes cannot hold the length of a header'],
      ['tiny@1', true, null],
    ]);
    expect(repository.acquire('tiny').model.version).toBe(1);
    writeModel(root, 'tiny', 2);
    await repository.rescan();
    expect(repository.acquire('tiny').model.version).toBe(2);
  });

  it('reloads a version whose files changed, while requests in flight finish on the old one', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    const inFlight = repository.acquire('tiny');
    writeModel(root, 'tiny', 1, { seed: 2 });
    await repository.rescan();
    expect(getNetwork(repository, 'tiny')).not.toBe(inFlight.model.network.id);
    expect(engine.loaded).toEqual(new Set([1, 2]));
    inFlight.release();
    expect(engine.loaded).toEqual(new Set([2]));
  });

  it('keeps serving a version whose changed files cannot be read, and logs it', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { repository } = createTestRepository(root);
    await repository.start();
    const before = getNetwork(repository, 'tiny');
    truncateSync(join(root, 'tiny/1/weights.safetensors'), 3);
    await repository.rescan();
    expect(getNetwork(repository, 'tiny')).toBe(before);
    expect(listed(repository)).toEqual([['tiny@1', true, expect.stringContaining('3 bytes')]]);
  });

  it('does not reload versions that have not changed, broken or not', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    writeModel(root, 'broken', 1, { weights: new Uint8Array(3) });
    const { engine, log, repository } = createTestRepository(root);
    await repository.start();
    await repository.rescan();
    expect(engine.register).toHaveBeenCalledOnce();
    expect(log.warn).toHaveBeenCalledOnce();
  });

  it('unloads a removed version after its last request', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    writeModel(root, 'tiny', 2);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    const inFlight = repository.acquire('tiny@2');
    rmSync(join(root, 'tiny/2'), { recursive: true });
    await repository.rescan();
    expect(listed(repository).map(([name]) => name)).toEqual(['tiny@1']);
    expect(repository.acquire('tiny').model.version).toBe(1);
    expect(engine.unload).not.toHaveBeenCalled();
    inFlight.release();
    expect(engine.unload).toHaveBeenCalledExactlyOnceWith(inFlight.model.network);
  });

  it('loads a renumbered version before the old number is unloaded', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    const release = engine.hold();
    renameSync(join(root, 'tiny/1'), join(root, 'tiny/2'));
    const scan = repository.rescan();
    await vi.waitFor(() => expect(engine.register).toHaveBeenCalledTimes(2), { timeout: 30_000 });
    expect(repository.acquire('tiny').model.version).toBe(1);
    release();
    await scan;
    expect(repository.acquire('tiny').model.version).toBe(2);
  });

  it('retries a version that did not fit into memory once another has been unloaded', async () => {
    const root = temporaryFolder();
    writeModel(root, 'first', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    engine.full = true;
    writeModel(root, 'second', 1);
    await repository.rescan();
    await repository.rescan();
    expect(listed(repository)[1]).toEqual(['second@1', false, 'no room for 9 bytes']);
    expect(engine.register).toHaveBeenCalledTimes(2);
    engine.full = false;
    rmSync(join(root, 'first'), { recursive: true });
    await repository.rescan();
    await vi.waitFor(async () => {
      await repository.rescan();
      expect(listed(repository)).toEqual([['second@1', true, null]]);
    });
  });

  it('keeps the loaded models while the folder cannot be read, and logs it once', async () => {
    const root = join(temporaryFolder(), 'models');
    writeModel(root, 'tiny', 1);
    const { log, repository } = createTestRepository(root);
    await repository.start();
    renameSync(root, `${root}-away`);
    await repository.rescan();
    await repository.rescan();
    expect(repository.acquire('tiny').model.version).toBe(1);
    expect(log.warn).toHaveBeenCalledOnce();
    expect(log.warn.mock.calls[0]![1]).toContain('cannot be read (ENOENT)');
  });

  it('swaps versions under load without failing a request', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    let busy = true;
    const callers = Array.from({ length: 8 }, async (_, caller) => {
      let served = 0;
      while (busy) {
        const lease = repository.acquire('tiny');
        await new Promise((resolve) => setTimeout(resolve, (caller * 7 + served) % 5));
        expect(engine.loaded).toContain(lease.model.network.id);
        lease.release();
        served++;
      }
      return served;
    });
    for (let round = 0; round < 12; round++) {
      if (round % 3 === 0) writeModel(root, 'tiny', 2 + round);
      else if (round % 3 === 1) writeModel(root, 'tiny', 2 + round - 1, { seed: round });
      else rmSync(join(root, 'tiny', String(2 + round - 2)), { recursive: true });
      await repository.rescan();
    }
    busy = false;
    const served = await Promise.all(callers);
    expect(Math.min(...served)).toBeGreaterThan(0);
    expect(engine.loaded.size).toBe(1);
    expect(repository.acquire('tiny').model.version).toBe(1);
  });

  it('runs automatically when the folder is watched', async () => {
    const root = temporaryFolder();
    const { repository } = createTestRepository(root, { watch: true });
    await repository.start();
    expect(repository.list()).toEqual([]);
    writeModel(root, 'tiny', 1);
    await vi.waitFor(() => expect(repository.acquire('tiny').model.version).toBe(1), { timeout: 15_000 });
    writeModel(root, 'tiny', 2);
    await vi.waitFor(() => expect(repository.acquire('tiny').model.version).toBe(2), { timeout: 15_000 });
  });

  it('called during another scan, finds the changes since that scan began', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    const release = engine.hold();
    const first = repository.start();
    await vi.waitFor(() => expect(engine.register).toHaveBeenCalledOnce(), { timeout: 30_000 });
    writeModel(root, 'tiny', 2);
    const second = repository.rescan();
    const third = repository.rescan();
    release();
    await Promise.all([first, second, third]);
    expect(repository.acquire('tiny').model.version).toBe(2);
    expect(engine.register).toHaveBeenCalledTimes(2);
  });
});

describe('unload', () => {
  it('keeps a model out of service, although its folder is watched, until it is loaded again', async () => {
    const root = temporaryFolder();
    for (const version of [1, 2]) writeModel(root, 'tiny', version);
    writeModel(root, 'other', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    repository.unload('tiny');
    expect(listed(repository)).toEqual([
      ['other@1', true, null],
      ['tiny@2', false, 'it was unloaded on request'],
      ['tiny@1', false, 'it was unloaded on request'],
    ]);
    expect(engine.loaded.size).toBe(1);
    expect(() => repository.acquire('tiny')).toThrow('tiny@2 cannot be served: it was unloaded on request');
    writeModel(root, 'tiny', 2, { seed: 5 });
    writeModel(root, 'tiny', 3);
    await repository.rescan();
    expect(listed(repository).filter(([, ready]) => ready)).toEqual([['other@1', true, null]]);
    await repository.load('tiny');
    expect(listed(repository).every(([, ready, error]) => ready && error === null)).toBe(true);
    expect(repository.acquire('tiny').model.version).toBe(3);
  });

  it('of one version makes the name mean the next lower version', async () => {
    const root = temporaryFolder();
    for (const version of [1, 2]) writeModel(root, 'tiny', version);
    const { repository } = createTestRepository(root);
    await repository.start();
    repository.unload('tiny@2');
    expect(repository.acquire('tiny').model.version).toBe(1);
    expect(() => repository.acquire('tiny@2')).toThrow(expect.objectContaining({ code: 'model_not_ready' }));
    await repository.load('tiny@2');
    expect(repository.acquire('tiny').model.version).toBe(2);
  });

  it('frees the memory after the requests in flight have finished', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    const inFlight = repository.acquire('tiny');
    repository.unload('tiny');
    expect(engine.unload).not.toHaveBeenCalled();
    inFlight.release();
    expect(engine.unload).toHaveBeenCalledExactlyOnceWith(inFlight.model.network);
  });

  it('during loading takes effect when loading has finished', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    const release = engine.hold();
    const started = repository.start();
    await vi.waitFor(() => expect(engine.register).toHaveBeenCalledOnce(), { timeout: 30_000 });
    repository.unload('tiny');
    release();
    await started;
    expect(listed(repository)).toEqual([['tiny@1', false, 'it was unloaded on request']]);
    expect(engine.loaded.size).toBe(0);
  });

  it('ends when the folder is removed: a new folder of that name is loaded', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { repository } = createTestRepository(root);
    await repository.start();
    repository.unload('tiny');
    rmSync(join(root, 'tiny'), { recursive: true });
    await repository.rescan();
    expect(listed(repository)).toEqual([]);
    writeModel(root, 'tiny', 1);
    await repository.rescan();
    expect(listed(repository)).toEqual([['tiny@1', true, null]]);
  });
});

describe('load', () => {
  it('reloads an unchanged model and finds a new folder', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    const before = getNetwork(repository, 'tiny');
    await repository.load('tiny@1');
    expect(getNetwork(repository, 'tiny')).not.toBe(before);
    expect(engine.loaded.size).toBe(1);
    writeModel(root, 'new', 4);
    await repository.load('new');
    expect(repository.acquire('new').model.version).toBe(4);
    // only the requested versions are reloaded
    expect(engine.register).toHaveBeenCalledTimes(3);
  });

  it('fails when the model does not exist or cannot be read', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    writeModel(root, 'tiny', 2, { weights: new Uint8Array(3) });
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    await expect(repository.load('nobody')).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(repository.load('tiny@9')).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(repository.load('../tiny')).rejects.toMatchObject({ code: 'invalid_model_name' });
    expect(() => repository.unload('nobody')).toThrow(expect.objectContaining({ code: 'model_not_found' }));
    await expect(repository.load('tiny')).rejects.toMatchObject({
      code: 'invalid_weights',
      message: 'tiny@2 cannot be served: 3 bytes cannot hold the length of a header',
    });
    expect(repository.acquire('tiny').model.version).toBe(1);
    repository.unload('tiny');
    engine.full = true;
    await expect(repository.load('tiny@1')).rejects.toMatchObject({ code: 'out_of_memory' });
    expect(listed(repository)[1]).toEqual(['tiny@1', false, 'no room for 9 bytes']);
  });

  it('fails when the repository closes during loading', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    const release = engine.hold();
    const loading = repository.load('tiny');
    const refused = expect(loading).rejects.toMatchObject({ code: 'shutting_down' });
    await vi.waitFor(() => expect(engine.register).toHaveBeenCalledOnce(), { timeout: 30_000 });
    await repository.close();
    release();
    await refused;
  });

  it('fails while the folder cannot be read', async () => {
    const root = join(temporaryFolder(), 'models');
    writeModel(root, 'tiny', 1);
    const { repository } = createTestRepository(root);
    await repository.start();
    renameSync(root, `${root}-away`);
    await expect(repository.load('tiny')).rejects.toThrow('the models folder cannot be read');
    expect(repository.acquire('tiny').model.version).toBe(1);
  });

  it('called many times concurrently with unloads always settles', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const { engine, repository } = createTestRepository(root);
    await repository.start();
    for (let round = 0; round < 5; round++) {
      const loads = Array.from({ length: 4 }, () => repository.load('tiny'));
      if (round % 2 === 0) repository.unload('tiny');
      await Promise.all(loads);
    }
    await repository.load('tiny');
    expect(getNetwork(repository, 'tiny')).toBe(Math.max(...engine.loaded));
    expect(engine.loaded.size).toBe(1);
  });
});
