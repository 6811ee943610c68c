import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder, writeModel } from './model-folders.ts';
import { createSlowRepository } from './slow-repository.ts';
import { listed } from './test-repository.ts';

// What happens while the models of the first scan are still being loaded.

/** A folder of `a@1`, `b@1` … of which the first is being loaded. */
async function startLoading(names: string, options: { watch?: boolean } = {}) {
  const root = temporaryFolder();
  for (const name of names) writeModel(root, name, 1);
  const slow = createSlowRepository(root, options);
  const started = slow.repository.start();
  await vi.waitFor(() => expect(slow.begun).toEqual(['a@1']));
  /** Calls what scans the folder. Resolves with its promise when the scan has ended. */
  async function scanned<T>(call: () => Promise<T>): Promise<{ promise: Promise<T> }> {
    const before = slow.scans();
    const promise = call();
    await vi.waitFor(() => expect(slow.scans()).toBeGreaterThan(before));
    return { promise };
  }
  return { root, started, scanned, ...slow };
}

describe('while the first models are loaded', () => {
  it('the repository has been scanned, so that the server can do other work meanwhile', async () => {
    const { repository, begun, started } = await startLoading('ab');
    await repository.scanned;
    expect(listed(repository)).toHaveLength(2);
    expect(begun).toEqual(['a@1']);
    await expect(Promise.race([started.then(() => 'loaded'), Promise.resolve('loading')])).resolves.toBe(
      'loading',
    );
  });

  it('a new model is found, and loaded before the others where it is asked for', async () => {
    const { root, repository, next, begun, started } = await startLoading('abc');
    writeModel(root, 'new', 1);
    const scanned = repository.rescan('new');
    await vi.waitFor(() => expect(listed(repository)).toHaveLength(4));
    expect(repository.unready()).toBe('the models are being loaded');
    expect(() => repository.acquire('new')).toThrow('new@1 is being loaded');
    await next();
    await next();
    await scanned;
    expect(repository.acquire('new').model.name).toBe('new');
    expect(begun).toEqual(['a@1', 'new@1', 'b@1']);
    expect(repository.unready()).toBe('the models are being loaded');
    await next();
    await next();
    await started;
    expect(repository.unready()).toBeNull();
  });

  it('a first call brings a model forward, and so does a question whether it is ready', async () => {
    const { repository, next, begun } = await startLoading('abcd');
    expect(() => repository.acquire('d')).toThrow('is being loaded');
    repository.prefer('c');
    for (let i = 0; i < 4; i++) await next();
    expect(begun).toEqual(['a@1', 'd@1', 'c@1', 'b@1']);
    expect(() => repository.prefer('e')).toThrow(expect.objectContaining({ code: 'model_not_found' }));
  });

  it('the next version of a model in service is loaded before models that nobody has asked for', async () => {
    const { root, repository, next, begun } = await startLoading('abc');
    await next();
    writeModel(root, 'a', 2);
    void repository.rescan();
    await vi.waitFor(() => expect(repository.list('a')).toHaveLength(2));
    for (let i = 0; i < 3; i++) await next();
    expect(begun).toEqual(['a@1', 'b@1', 'a@2', 'c@1']);
  });

  it('a removed model is never loaded', async () => {
    const { root, repository, next, begun, started } = await startLoading('abc');
    rmSync(join(root, 'b'), { recursive: true });
    const scanned = repository.rescan();
    await vi.waitFor(() => expect(listed(repository)).toHaveLength(2));
    await next();
    await next();
    await Promise.all([scanned, started]);
    expect(begun).toEqual(['a@1', 'c@1']);
  });

  it('a model that is removed while it is being loaded is unloaded when that has ended', async () => {
    const { root, repository, next, engine, scanned } = await startLoading('ab');
    rmSync(join(root, 'a'), { recursive: true });
    const { promise: rescanned } = await scanned(() => repository.rescan());
    await next();
    await next();
    await rescanned;
    expect(listed(repository)).toEqual([['b@1', true, null]]);
    expect(engine.loaded.size).toBe(1);
  });

  it('a model whose folder goes and comes back while it is being loaded is served', async () => {
    const { root, repository, next, begun, scanned } = await startLoading('a');
    renameSync(join(root, 'a'), join(root, '.a'));
    const { promise: away } = await scanned(() => repository.rescan());
    renameSync(join(root, '.a'), join(root, 'a'));
    const { promise: back } = await scanned(() => repository.rescan());
    await next();
    await Promise.all([away, back]);
    expect(listed(repository)).toEqual([['a@1', true, null]]);
    expect(begun).toEqual(['a@1']);
  });

  it('a version that changes, goes and comes back is served in its new form', async () => {
    const { root, repository, next, begun, scanned } = await startLoading('abc');
    await next();
    // the new version keeps the old one listed until it is loaded
    writeModel(root, 'a', 2);
    writeModel(root, 'a', 1, { seed: 2 });
    await scanned(() => repository.rescan());
    renameSync(join(root, 'a/1'), join(root, 'a/.1'));
    await scanned(() => repository.rescan());
    renameSync(join(root, 'a/.1'), join(root, 'a/1'));
    const { promise: back } = await scanned(() => repository.rescan());
    for (let i = 0; i < 5; i++) await next();
    await back;
    expect(begun).toHaveLength(5);
    expect(begun.filter((one) => one === 'a@1')).toHaveLength(2);
    expect(repository.list('a').map(({ ready }) => ready)).toEqual([true, true]);
  });

  it('a model that changes is loaded once, in its new form', async () => {
    const { root, repository, next, begun, scanned, started } = await startLoading('ab');
    writeModel(root, 'b', 1, { weights: new Uint8Array(9) });
    const { promise: rescanned } = await scanned(() => repository.rescan());
    await next();
    await next();
    await Promise.all([rescanned, started]);
    expect(begun).toEqual(['a@1', 'b@1']);
    expect(listed(repository)[1]![2]).toBe('9 bytes');
  });

  it('a model that changes while it is being loaded is loaded again', async () => {
    const { root, repository, next, begun, scanned } = await startLoading('ab');
    writeModel(root, 'a', 1, { seed: 2 });
    const { promise: rescanned } = await scanned(() => repository.rescan());
    for (let i = 0; i < 3; i++) await next();
    await rescanned;
    expect(begun).toEqual(['a@1', 'b@1', 'a@1']);
  });

  it('a load request waits for its own versions only, and comes first', async () => {
    const { repository, next, begun, scanned } = await startLoading('abcd');
    const { promise: loading } = await scanned(() => repository.load('c'));
    await next();
    await next();
    await loading;
    expect(begun).toEqual(['a@1', 'c@1', 'b@1']);
    expect(repository.acquire('c').model.name).toBe('c');
    expect(repository.list().filter(({ ready }) => ready)).toHaveLength(2);
  });

  it('a model that is unloaded on request is not loaded', async () => {
    const { repository, next, begun, started } = await startLoading('abc');
    repository.unload('b');
    await next();
    await next();
    await started;
    expect(begun).toEqual(['a@1', 'c@1']);
    expect(listed(repository)[1]).toEqual(['b@1', false, 'it was unloaded on request']);
  });

  it('the folder is watched', async () => {
    const { root, repository } = await startLoading('ab', { watch: true });
    writeModel(root, 'new', 1);
    await vi.waitFor(() => expect(repository.list('new')).toHaveLength(1), { timeout: 15_000 });
    rmSync(join(root, 'b'), { recursive: true });
    await vi.waitFor(() => expect(repository.list('b')).toHaveLength(0), { timeout: 15_000 });
    expect(repository.unready()).toBe('the models are being loaded');
  });

  it('a renamed version serves until its new number does', async () => {
    const { root, repository, next, begun } = await startLoading('abc');
    await next();
    renameSync(join(root, 'a/1'), join(root, 'a/2'));
    const scanned = repository.rescan('a');
    await vi.waitFor(() => expect(repository.list('a')).toHaveLength(2));
    expect(repository.acquire('a').model.version).toBe(1);
    await next();
    expect(repository.acquire('a').model.version).toBe(1);
    await next();
    await scanned;
    expect(begun).toEqual(['a@1', 'b@1', 'a@2', 'c@1']);
    expect(repository.list('a').map(({ version, ready }) => [version, ready])).toEqual([[2, true]]);
  });

  it('closing ends the wait of all who wait, and loads nothing more', async () => {
    const { repository, begun, started, next } = await startLoading('abc');
    const refused = expect(repository.load('c')).rejects.toMatchObject({ code: 'shutting_down' });
    const scanned = repository.rescan();
    await repository.close();
    await next();
    await Promise.all([refused, scanned, started]);
    expect(begun).toEqual(['a@1']);
  });
});
