import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.ts';
import { modelFolder, type ModelFolder } from './model-folder.ts';
import { startServer } from './server-process.ts';

const program = join(import.meta.dirname, '../../bin/fill-compile-cache.js');
let folder: string;
let models: ModelFolder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'unroll-fill-test-'));
  models = modelFolder(['classifier']);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  models.remove();
});

const fill = (cache: string, settings: NodeJS.ProcessEnv = {}) =>
  runProgram(process.execPath, [program], {
    env: { ...process.env, NODE_COMPILE_CACHE: cache, UNROLL_MODELS: models.path, ...settings },
  });
const filesOf = (cache: string): string[] => readdirSync(cache, { recursive: true }).map(String);

describe('filling the compile cache', () => {
  it('leaves hardly anything for a start to compile', async () => {
    const cache = join(folder, 'cache');
    expect(await fill(cache)).toEqual({ code: 0, output: '' });
    const filled = filesOf(cache);
    // fewer than 100 of a bundle, hundreds of a clone without one
    expect(filled.length).toBeGreaterThan(50);
    const copy = join(folder, 'copy');
    cpSync(cache, copy, { recursive: true });
    const server = await startServer(models.path, {}, { environment: { NODE_COMPILE_CACHE: copy } });
    expect(await server.ask('/v1/models/classifier/classify', { input: 'abc' })).toHaveProperty(
      'model',
      'classifier',
    );
    expect(await server.stop()).toBe(0);
    // code that only a request needs may be new
    expect(filesOf(copy).length - filled.length).toBeLessThan(filled.length / 10);
  });

  it('fails where the server does not start, with what it said', async () => {
    const { code, output } = await fill(join(folder, 'none'), { UNROLL_WORKERS: 'many' });
    expect(code).not.toBe(0);
    expect(output).toContain('UNROLL_WORKERS');
  });
});
