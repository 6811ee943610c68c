import { renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder, writeModel } from './model-folders.ts';
import { servedModel } from './sequence-model.ts';
import { createTestRepository, listed, getNetwork } from './test-repository.ts';

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
    expect(getNetwork(repository, 'tiny')).not.toBe(servedModel(inFlight.model).network.id);
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
    expect(engine.unload).toHaveBeenCalledExactlyOnceWith(servedModel(inFlight.model).network);
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
        expect(engine.loaded).toContain(servedModel(lease.model).network.id);
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
