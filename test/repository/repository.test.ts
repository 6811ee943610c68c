import { mkdirSync, realpathSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { scanModels } from '../../src/repository/scan-models.ts';
import { openTokens, type PackedTokens } from '../../src/vocabulary/token-table.ts';
import { classifier, temporaryFolder, writeModel } from './model-folders.ts';
import { servedModel } from './sequence-model.ts';
import { createTestRepository, listed } from './test-repository.ts';

describe('repository', () => {
  it('loads every version and serves the highest one, or the one of the request', async () => {
    const root = temporaryFolder();
    for (const version of [1, 2, 10]) writeModel(root, 'tiny', version);
    writeModel(root, 'other', 3);
    const { repository } = createTestRepository(root);
    expect(repository.unready()).toBe('the models are being loaded');
    await repository.start();
    expect(repository.unready()).toBeNull();
    expect(listed(repository).map(([name]) => name)).toEqual(['other@3', 'tiny@10', 'tiny@2', 'tiny@1']);
    expect(repository.acquire('tiny').model).toMatchObject({ name: 'tiny', version: 10 });
    expect(repository.acquire('tiny@2').model.version).toBe(2);
    expect(servedModel(repository.acquire('other').model).vocabulary!.tokens.at(2)).toBe('c');
  });

  it('starts before more than a thousand versions are loaded, and loads first what is asked for', async () => {
    const root = temporaryFolder();
    writeModel(root, 'tiny', 1);
    const [one] = (await scanModels(root)).found;
    const found = Array.from({ length: 1001 }, (_, i) => ({ ...one!, name: `m${i}`, anyName: true }));
    const { repository } = createTestRepository(root, {
      scan: async () => ({ realRoot: realpathSync(root), found, skipped: [] }),
    });
    await repository.start();
    expect(repository.list()).toHaveLength(1001);
    expect(repository.unready()).toBe('the models are being loaded');
    expect(() => repository.acquire('m1000')).toThrow('is being loaded');
    await vi.waitFor(() => repository.acquire('m1000').release(), { timeout: 50_000 });
    expect(repository.list().filter(({ ready }) => ready).length).toBeLessThan(500);
  });

  it('announces a network and its tokens to the engine', async () => {
    const root = temporaryFolder();
    const inputs = { kind: 'text', vocabulary: 'characters', tokens: ['a', 'b', 'c'], end: 2 };
    writeModel(root, 'tiny', 1, { spec: classifier({ inputs }) });
    const { kernel, engine, repository } = createTestRepository(root);
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
    ['../tiny', 'invalid_model_name', 'is not "name", "name@version" or "name@alias"'],
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
