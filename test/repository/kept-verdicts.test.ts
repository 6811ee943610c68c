import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepVerdicts } from '../../src/repository/kept-verdicts.ts';

const code = '0123456789abcdef0123456789abcdef';
const refused = { reason: 'it was refused' };
let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'unroll-verdicts-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('verdicts on imported files', () => {
  it('are read at the next start', () => {
    keepVerdicts(folder, code).set('a', refused);
    expect(keepVerdicts(folder, code).get('a')).toEqual(refused);
    expect(keepVerdicts(folder, code).get('b')).toBeUndefined();
  });

  it('hold for the same code only', () => {
    keepVerdicts(folder, code).set('a', refused);
    expect(keepVerdicts(folder, code.replace('0', 'f')).get('a')).toBeUndefined();
  });

  it('are verified again where the file is damaged', () => {
    const verdicts = keepVerdicts(folder, code);
    verdicts.set('a', refused);
    const path = join(folder, readdirSync(folder)[0]!);
    for (const bytes of ['', 'x', '{}']) {
      writeFileSync(path, bytes);
      expect(verdicts.get('a')).toBeUndefined();
    }
    verdicts.set('a', refused);
    expect(verdicts.get('a')).toEqual(refused);
  });

  it('are not kept in a folder that cannot be written', () => {
    const verdicts = keepVerdicts('/dev/null/folder', code);
    verdicts.set('a', refused);
    expect(verdicts.get('a')).toBeUndefined();
  });

  it('are at most 256, beside which other files stay', () => {
    writeFileSync(join(folder, 'kernel.json'), '{}');
    const verdicts = keepVerdicts(folder, code);
    for (let i = 0; i < 300; i++) verdicts.set(`file-${i}`, refused);
    expect(readdirSync(folder)).toHaveLength(257);
    expect(verdicts.get('file-299')).toEqual(refused);
  });
});

/** Loads a model in a process of its own. @returns its task, or why it is not served */
function loadInProcess(models: string, cache: string): string {
  const sources = ['cells/create-kernel.ts', 'repository/loader.ts'].map(
    (path) => new URL(`../../src/${path}`, import.meta.url).href,
  );
  const script = join(folder, 'load.mjs');
  writeFileSync(
    script,
    `const [{ createKernel }, { createLoader }] = await Promise.all(${JSON.stringify(sources)}.map((url) => import(url)));
     const kernel = createKernel({ mode: 'plain', memoryMegabytes: 64 });
     const loader = createLoader({ kernel, sizes: { workers: 1, slots: 4, maxSteps: 100 } });
     const version = { realRoot: '${models}', folder: '${models}/imported/1', name: 'imported', bytes: 1000 };
     const { sequence } = await loader.load(version, () => {});
     process.stdout.write(typeof sequence === 'string' ? sequence : sequence.spec.task);
     await loader.close();`,
  );
  const env = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: cache };
  return execFileSync(process.execPath, [script], { env, encoding: 'utf8' });
}

describe('a loader thread', () => {
  it('takes the verdict of an earlier process on the same file', () => {
    const [models, cache] = [join(folder, 'models'), join(folder, 'cache')];
    const version = join(models, 'imported', '1');
    mkdirSync(version, { recursive: true });
    const model = join(version, 'model.onnx');
    copyFileSync(new URL('../golden/onnx-signatures/batch-first-bidirectional.onnx', import.meta.url), model);
    const listKept = (): string[] =>
      readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((path) => /view-[-\w]+$/.test(path));
    expect(loadInProcess(models, cache)).toBe('predict');
    const [kept, ...others] = listKept();
    expect(others).toEqual([]);

    writeFileSync(join(cache, kept!), serialize({ reason: 'an earlier process refused it' }));
    expect(loadInProcess(models, cache)).toBe('an earlier process refused it');

    // a field that the format does not have: another file, of the same network
    appendFileSync(model, Uint8Array.of(0xa0, 0x06, 0x01));
    expect(loadInProcess(models, cache)).toBe('predict');
    expect(listKept()).toHaveLength(2);
  });
});
