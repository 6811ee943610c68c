import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scanModels } from '../../src/repository/scan-models.ts';
import { temporaryFolder, writeModel } from './model-folders.ts';
import { createTestRepository } from './test-repository.ts';
import type { Repository } from '../../src/repository/repository-interface.ts';

async function serve(versions: readonly number[], root = temporaryFolder()) {
  for (const version of versions) writeModel(root, 'tiny', version, { seed: version });
  const test = createTestRepository(root);
  await test.repository.start();
  return { root, ...test };
}
const writeFile = (root: string, aliases: object): void =>
  writeFileSync(join(root, 'tiny/aliases.json'), JSON.stringify({ aliases }));
const versionOf = (repository: Repository, reference = 'tiny'): number => {
  const lease = repository.acquire(reference);
  lease.release();
  return lease.model.version;
};
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('an alias', () => {
  it('decides which version takes the traffic of its name, until it is removed', async () => {
    const { root, repository } = await serve([1, 2, 3]);
    expect(versionOf(repository)).toBe(3);
    expect(versionOf(repository, 'tiny@default')).toBe(3);
    expect(() => repository.acquire('tiny@canary')).toThrow(code('alias_not_found'));
    expect(await repository.setAlias('tiny', 'default', 1)).toBeNull();
    expect(await repository.setAlias('tiny', 'canary', 3)).toBeNull();
    expect(
      ['tiny', 'tiny@default', 'tiny@canary', 'tiny@2'].map((one) => versionOf(repository, one)),
    ).toEqual([1, 1, 3, 2]);
    expect(repository.list().map(({ version, aliases }) => [version, aliases])).toEqual([
      [3, ['canary']],
      [2, []],
      [1, ['default']],
    ]);
    expect(await repository.setAlias('tiny', 'default', 2)).toBe(1);
    expect(versionOf(repository)).toBe(2);
    expect(JSON.parse(readFileSync(join(root, 'tiny/aliases.json'), 'utf8'))).toEqual({
      aliases: { canary: 3, default: 2 },
    });
    expect(await repository.setAlias('tiny', 'default', null)).toBe(2);
    expect(versionOf(repository)).toBe(3);
    await expect(repository.setAlias('tiny', 'default', null)).rejects.toThrow(code('alias_not_found'));
  });

  it('survives a restart, and a new version does not move it', async () => {
    const { root, repository } = await serve([1, 2]);
    await repository.setAlias('tiny', 'default', 1);
    const { repository: next } = await serve([], root);
    expect(versionOf(next)).toBe(1);
    writeModel(root, 'tiny', 3);
    await next.rescan();
    expect(next.find('tiny@3').ready).toBe(true);
    expect(versionOf(next)).toBe(1);
  });

  it('is set only to a version that is ready, which may have just been published', async () => {
    const { root, repository } = await serve([1]);
    await expect(repository.setAlias('tiny', 'default', 7)).rejects.toThrow(code('model_not_found'));
    await expect(repository.setAlias('other', 'default', 1)).rejects.toThrow(code('model_not_found'));
    mkdirSync(join(root, 'tiny/2'));
    writeFileSync(join(root, 'tiny/2/model.json'), '{');
    await expect(repository.setAlias('tiny', 'default', 2)).rejects.toThrow(code('model_not_ready'));
    writeModel(root, 'tiny', 3);
    await repository.setAlias('tiny', 'default', 3);
    expect(versionOf(repository)).toBe(3);
  });

  it('is seen by a second server of the folder, which serves the version before until the next is loaded', async () => {
    const { root, repository } = await serve([1]);
    const other = await serve([], root);
    await repository.setAlias('tiny', 'default', 1);
    await other.repository.rescan();
    const open = other.engine.hold();
    writeModel(root, 'tiny', 2);
    await repository.setAlias('tiny', 'default', 2);
    const scanned = other.repository.rescan();
    await expect.poll(() => other.repository.aliases('tiny').get('default')).toBe(2);
    expect(versionOf(other.repository)).toBe(1);
    open();
    await scanned;
    expect(versionOf(other.repository)).toBe(2);
    // and does not go back to it when the version is unloaded on request
    other.repository.unload('tiny@2');
    expect(() => other.repository.acquire('tiny')).toThrow(code('model_not_ready'));
  });

  it('loses no change of two servers at once', async () => {
    const { root, repository } = await serve([1, 2]);
    const { repository: other } = await serve([], root);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(
      names.map((name, i) => (i % 2 ? repository : other).setAlias('tiny', name, 1 + (i % 2))),
    );
    await repository.rescan();
    expect(Object.fromEntries(repository.aliases('tiny'))).toEqual({ a: 1, b: 2, c: 1, d: 2, e: 1, f: 2 });
  });

  it('is not undone by a scan that began before it was set', async () => {
    const root = temporaryFolder();
    for (const version of [1, 2]) writeModel(root, 'tiny', version);
    let gate = Promise.resolve();
    const test = createTestRepository(root, {
      async scan() {
        const found = await scanModels(root);
        await gate;
        return found;
      },
    });
    await test.repository.start();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const scanned = test.repository.rescan();
    await new Promise((done) => setTimeout(done, 50));
    await test.repository.setAlias('tiny', 'default', 1);
    resolve();
    await scanned;
    expect(versionOf(test.repository)).toBe(1);
  });

  it('that points at no version is refused, rather than another version served', async () => {
    const { root, repository } = await serve([1, 2]);
    writeFile(root, { default: 9, canary: 1 });
    await repository.rescan();
    // what the name served before the file changed goes on
    expect(versionOf(repository)).toBe(2);
    const { repository: next } = await serve([], root);
    expect(() => next.acquire('tiny')).toThrow('points at version 9, which is not in its folder');
    expect(versionOf(next, 'tiny@canary')).toBe(1);
    expect(versionOf(next, 'tiny@2')).toBe(2);
  });

  it('is refused where the file cannot be read, and stays as it was where it could be', async () => {
    const { root, repository } = await serve([1, 2]);
    await repository.setAlias('tiny', 'default', 1);
    writeFileSync(join(root, 'tiny/aliases.json'), '{"aliases":');
    await repository.rescan();
    expect(versionOf(repository)).toBe(1);
    await expect(repository.setAlias('tiny', 'default', 2)).rejects.toThrow('is not valid JSON: repair');
    const { repository: next } = await serve([], root);
    expect(() => next.acquire('tiny')).toThrow(code('model_not_ready'));
    expect(versionOf(next, 'tiny@2')).toBe(2);
    expect(next.skipped()).toEqual([{ path: 'tiny/aliases.json', reason: 'is not valid JSON' }]);
    writeFile(root, { default: 2 });
    await next.rescan();
    expect(versionOf(next)).toBe(2);
  });

  it('stands for its version where a model is loaded or unloaded', async () => {
    const { repository } = await serve([1, 2]);
    await repository.setAlias('tiny', 'old', 1);
    repository.unload('tiny@old');
    expect(repository.list().map(({ version, ready }) => [version, ready])).toEqual([
      [2, true],
      [1, false],
    ]);
    await repository.load('tiny@old');
    expect(versionOf(repository, 'tiny@old')).toBe(1);
  });
});

describe('a version', () => {
  it('is deleted once no alias points at it, and its number is not given again', async () => {
    const { root, engine, repository } = await serve([1, 2, 3]);
    await expect(repository.removeVersion('tiny', 3)).rejects.toThrow('its alias default is not set');
    await repository.setAlias('tiny', 'default', 1);
    await repository.setAlias('tiny', 'canary', 3);
    await expect(repository.removeVersion('tiny', 3)).rejects.toThrow('the alias canary of model tiny');
    await expect(repository.removeVersion('tiny', 1)).rejects.toThrow(code('in_use'));
    await expect(repository.removeVersion('tiny', 4)).rejects.toThrow(code('model_not_found'));
    await repository.setAlias('tiny', 'canary', 1);
    const lease = repository.acquire('tiny@3');
    await repository.removeVersion('tiny', 3);
    expect(() => repository.acquire('tiny@3')).toThrow(code('model_not_found'));
    // a request that runs on it finishes first
    expect(engine.loaded.size).toBe(3);
    lease.release();
    await expect.poll(() => engine.loaded.size).toBe(2);
    expect(JSON.parse(readFileSync(join(root, 'tiny/aliases.json'), 'utf8'))).toMatchObject({
      last_version: 3,
    });
  });

  it('is deleted with its model, whatever points at it', async () => {
    const { root, repository } = await serve([1, 2]);
    await repository.setAlias('tiny', 'default', 1);
    await repository.removeModel('tiny');
    expect(() => repository.acquire('tiny')).toThrow(code('model_not_found'));
    expect((await scanModels(root)).found).toEqual([]);
    await expect(repository.removeModel('tiny')).rejects.toThrow(code('model_not_found'));
    // another model of that name begins anew
    writeModel(root, 'tiny', 1);
    await repository.rescan();
    expect(versionOf(repository)).toBe(1);
    expect([...repository.aliases('tiny')]).toEqual([]);
  });

  it('whose folder is renamed by hand is not served under its alias any more after a restart', async () => {
    const { root, repository } = await serve([1, 2]);
    await repository.setAlias('tiny', 'default', 1);
    renameSync(join(root, 'tiny/1'), join(root, 'tiny/5'));
    rmSync(join(root, 'tiny/2'), { recursive: true });
    const { repository: next } = await serve([], root);
    expect(() => next.acquire('tiny')).toThrow(code('model_not_ready'));
    expect(versionOf(next, 'tiny@5')).toBe(5);
  });
});

it('has no aliases where one model is served as it is', async () => {
  const root = temporaryFolder();
  writeModel(root, 'tiny', 1);
  const { repository } = createTestRepository(root, {
    async scan() {
      const { realRoot, found, skipped } = await scanModels(root);
      return { realRoot, found, skipped };
    },
  });
  await repository.start();
  await expect(repository.setAlias('tiny', 'default', 1)).rejects.toThrow(code('models_read_only'));
  await expect(repository.removeModel('tiny')).rejects.toThrow(code('models_read_only'));
});
