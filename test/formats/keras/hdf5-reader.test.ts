import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createHdf5Reader, type Hdf5Reader } from '../../../src/formats/keras/hdf5-reader.ts';

const threadUrl = new URL('obedient-thread.ts', import.meta.url);
const sound = join(import.meta.dirname, '../../golden/keras-files/two-branches.h5');
const patience = 20_000;
const ask = (reader: Hdf5Reader, text: string, timeoutMs = patience): Promise<unknown> =>
  reader.read(Buffer.from(text), timeoutMs).then(
    ({ attributes }) => attributes.get('')!.get('says'),
    (error: unknown) => (error as Error).message,
  );
const createTestReader = (changes: Partial<Parameters<typeof createHdf5Reader>[0]> = {}): Hdf5Reader =>
  createHdf5Reader({ idleMs: 60_000, files: 100, threadUrl, ...changes });

describe('HDF5 thread', () => {
  it('reads several files', async () => {
    const reader = createTestReader();
    for (const name of ['a', 'refuse', 'b'])
      expect(await ask(reader, name)).toBe(name === 'refuse' ? 'it is damaged' : name);
    expect(reader.starts).toBe(1);
  });

  it('returns each of many concurrent reads its own file', async () => {
    const reader = createTestReader();
    const names = Array.from({ length: 20 }, (_, i) => (i % 5 === 3 ? 'refuse' : `file ${i}`));
    expect(await Promise.all(names.map((name) => ask(reader, name)))).toEqual(
      names.map((name) => (name === 'refuse' ? 'it is damaged' : name)),
    );
    expect(reader.starts).toBe(1);
  });

  it('is replaced when a file exceeds the time limit, and queued files are read', async () => {
    const reader = createTestReader();
    const answers = [ask(reader, 'a'), ask(reader, 'loop', 300), ask(reader, 'b')];
    expect(await Promise.all(answers)).toEqual(['a', 'the HDF5 file could not be read in 300 ms', 'b']);
    expect(reader.starts).toBe(2);
  });

  it.each([
    ['trap', 'it trapped'],
    ['exit', 'the HDF5 file cannot be read'],
    ['throw', 'the HDF5 file cannot be read'],
  ])('is replaced when the library crashes: %s', async (how, says) => {
    const reader = createTestReader();
    expect([await ask(reader, how), await ask(reader, 'a')]).toEqual([says, 'a']);
    expect(reader.starts).toBe(2);
  });

  it('is replaced after a number of files', async () => {
    const reader = createTestReader({ files: 3 });
    for (let i = 0; i < 7; i++) expect(await ask(reader, `file ${i}`)).toBe(`file ${i}`);
    expect(reader.starts).toBe(3);
  });

  it('ends when idle', async () => {
    const reader = createTestReader({ idleMs: 20 });
    await ask(reader, 'a');
    await delay(200);
    await ask(reader, 'b');
    expect(reader.starts).toBe(2);
  });

  it('does not keep the process alive', { timeout: 60_000 }, async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [fileURLToPath(new URL('read-and-end.ts', import.meta.url)), sound],
      { timeout: 50_000 },
    );
    expect(stdout).toMatch(/^\d+ arrays\n$/);
  });

  it('reads a valid file correctly after many damaged ones', { timeout: 60_000 }, async () => {
    const reader = createHdf5Reader({ idleMs: 60_000, files: 1000 });
    const file = readFileSync(sound);
    const before = await reader.read(file, patience);
    for (let i = 0; i < 60; i++) {
      const damaged = Uint8Array.from(file);
      damaged.fill(0xff, i * 96, i * 96 + 24);
      await reader.read(damaged, 1000).catch(() => null);
    }
    const after = await reader.read(file, patience);
    expect(after).toEqual(before);
    expect(reader.starts).toBeLessThan(10);
  });
});
