import { realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePlacement } from '../../src/engine/placement.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { createLoader, type LoaderOptions, type VersionToLoad } from '../../src/repository/loader.ts';
import { classifier, temporaryFolder, writeModel } from './model-folders.ts';
import { startLoaderThread } from '../../src/repository/start-loader-thread.ts';
import { getSequence } from './sequence-model.ts';

const sizes = { workers: 2, slots: 4, maxSteps: 100 };

function setUp(options: Partial<LoaderOptions> = {}) {
  const kernel = createKernel({ mode: 'plain', memoryMegabytes: 16 });
  const loader = createLoader({ kernel, sizes, ...options });
  onTestFinished(() => loader.close());
  return { kernel, loader };
}
/** A loader whose thread behaves as the model's name says. */
const scripted = (options: Partial<LoaderOptions> = {}) =>
  setUp({ threadUrl: new URL('./scripted-loader-thread.ts', import.meta.url), ...options });
const version = (name: string): VersionToLoad => ({ realRoot: '/', folder: '/', name, bytes: 1000 });
const nothing = (): void => {};

describe('loader', () => {
  it('returns a packed and compiled model in a message whose size does not depend on the model', async () => {
    const root = realpathSync(temporaryFolder());
    const tokens = Array.from({ length: 3 }, (_, id) => `${id}`.padStart(20_000, '0'));
    const spec = classifier({ name: 'tiny', inputs: { kind: 'text', vocabulary: 'words', tokens } });
    const folder = writeModel(root, 'tiny', 1, { spec });
    const { kernel, loader } = setUp();
    const described = vi.fn<() => void>();
    const model = getSequence(
      await loader.load({ realRoot: root, folder, name: 'tiny', bytes: 1 }, described),
    );
    expect(described).toHaveBeenCalledExactlyOnceWith('classify');
    expect(model.placement.info).toMatchObject({ vocabulary: 3, kernel: { path: 'plain' } });
    expect(model.placement.arenas).toHaveLength(2);
    expect(JSON.stringify({ ...model, placement: null }).length).toBeLessThan(2000);
    expect(kernel.memory.used).toBeGreaterThan(model.placement.info.weightBytes);
    freePlacement(model.placement, kernel);
    expect(kernel.memory.used).toBe(0);
  });

  it('refuses a model.json too large for one message to the main thread', async () => {
    const root = realpathSync(temporaryFolder());
    const spec = classifier({ name: 'tiny', provenance: { notes: 'x'.repeat(5e6) } });
    const folder = writeModel(root, 'tiny', 1, { spec });
    const { loader } = setUp();
    await expect(loader.load({ realRoot: root, folder, name: 'tiny', bytes: 1 }, nothing)).rejects.toThrow(
      /^model.json: without its tokens it has 50\d+ characters, the limit is 4194304$/,
    );
  });

  it('reports why a model cannot be served, with the field, and frees its memory', async () => {
    const root = realpathSync(temporaryFolder());
    const spec = classifier({ name: 'tiny', outputs: { labels: ['one'] } });
    const folder = writeModel(root, 'tiny', 1, { spec });
    const { kernel, loader } = setUp();
    await expect(
      loader.load({ realRoot: root, folder, name: 'tiny', bytes: 1 }, nothing),
    ).rejects.toMatchObject({ code: 'invalid_model', field: 'outputs.labels' });
    expect(kernel.memory.used).toBe(0);
  });

  it('refuses a model that does not fit into kernel memory, and loads the next one', async () => {
    const root = realpathSync(temporaryFolder());
    const folder = writeModel(root, 'tiny', 1);
    const { kernel, loader } = setUp();
    const rest = kernel.memory.allocate(kernel.memory.maximumPages * 65_536 - 100_000);
    const request = { realRoot: root, folder, name: 'tiny', bytes: 1 };
    await expect(loader.load(request, nothing)).rejects.toMatchObject({
      code: 'out_of_memory',
      message: expect.stringContaining('bytes of kernel memory are in use'),
    });
    kernel.memory.free(rest);
    expect(kernel.memory.used).toBe(0);
    const { placement } = getSequence(await loader.load(request, nothing));
    freePlacement(placement, kernel);
    expect(loader.starts).toBe(1);
  });
});

describe('loader thread', () => {
  it.each([
    ['exits', {}, undefined, 'the loader thread exited with code 3'],
    ['throws', {}, undefined, 'nobody caught this'],
    ['grows', { heapMegabytes: 24 }, 'invalid_model', 'takes more than 24 MB of memory to read'],
    [
      'hangs',
      { timeoutMs: (bytes: number) => bytes },
      'invalid_model',
      'was not loaded within 1 s, the limit for 1000 bytes',
    ],
  ] as const)(
    'that %s fails the version it was loading, has its memory freed and is replaced',
    async (name, options, code, says) => {
      const { kernel, loader } = scripted(options);
      const failed = loader.load(version(name), nothing);
      const next = loader.load(version('fine'), nothing);
      await expect(failed).rejects.toThrow(says);
      await expect(failed).rejects.toMatchObject(code === undefined ? {} : { code });
      expect(kernel.memory.used).toBe(0);
      await expect(next).resolves.toMatchObject({ name: 'fine' });
      expect(loader.starts).toBe(2);
      expect(kernel.memory.used).toBe(100_032);
    },
  );

  it('continues after a refusal, with zeroed memory regions', async () => {
    const { kernel, loader } = scripted();
    for (let round = 0; round < 3; round++) {
      await expect(loader.load(version('refuses'), nothing)).rejects.toMatchObject({
        code: 'invalid_weights',
        field: 'x',
      });
      expect(kernel.memory.used).toBe(0);
      const { at } = (await loader.load(version('fine'), nothing)) as unknown as { at: number };
      expect(kernel.memory.used).toBe(100_032);
      kernel.memory.free(at);
    }
    expect(loader.starts).toBe(1);
  });

  it('ends when idle, and starts again for the next load', async () => {
    const { loader } = scripted({ idleMs: 1 });
    await loader.load(version('fine'), nothing);
    await delay(50);
    await loader.load(version('fine'), nothing);
    expect(loader.starts).toBe(2);
  });

  it('uses a thread that was started before, however long its first load takes to arrive', async () => {
    const url = new URL('./scripted-loader-thread.ts', import.meta.url);
    const { loader } = scripted({ idleMs: 1, started: startLoaderThread({ url }) });
    await delay(50);
    await loader.load(version('fine'), nothing);
    expect(loader.starts).toBe(0);
  });

  it('is terminated when the loader is closed, and later loads are refused', async () => {
    const { loader } = scripted();
    let described = nothing;
    const started = new Promise<void>((resolve) => (described = resolve));
    const hanging = loader.load(version('hangs'), described);
    const waiting = loader.load(version('fine'), nothing);
    await started;
    const results = Promise.allSettled([hanging, waiting]);
    await loader.close();
    for (const result of await results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'shutting_down' } });
    await expect(loader.load(version('fine'), nothing)).rejects.toMatchObject({ code: 'shutting_down' });
    expect(loader.starts).toBe(1);
  });
});
