import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder, writeModel } from './model-folders.ts';
import { createTestRepository, listed, getNetwork } from './test-repository.ts';

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
