import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProcess, type ServerProcess } from '../e2e/start-process.ts';
import { describeWhere } from '../support/needs.ts';
import { installPackage, packPackage, type InstalledPackage } from './install-package.ts';

// What `npm pack` gives, installed in an empty folder.

const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly version: string;
};
const packed = mkdtempSync(join(tmpdir(), 'unroll-packed-'));
let tarball: string;

beforeAll(() => {
  tarball = packPackage(packed);
}, 300_000);
afterAll(() => rmSync(packed, { recursive: true }));

const node26 = join(root, `test/node-26/node_modules/node-linux-${process.arch}/bin/node`);

describe('on Node 24', () => {
  testPackage(process.execPath, 'v24.');
});
describeWhere(
  existsSync(node26),
  'Node 26 is not installed (npm --prefix test/node-26 ci)',
  'on Node 26',
  () => {
    testPackage(node26, 'v26.');
  },
);

function testPackage(node: string, nodeVersion: string): void {
  let installed: InstalledPackage;
  let models: string;
  beforeAll(() => {
    installed = installPackage(tarball, node);
    models = join(installed.package, 'models');
  }, 300_000);
  afterAll(() => installed.remove());

  it('has at most 20 MB, no TypeScript but declarations, and no Node of a platform', () => {
    const sizes = globSync('**/*', { cwd: installed.package, withFileTypes: true })
      .filter((one) => one.isFile())
      .map(({ parentPath, name }) => statSync(join(parentPath, name)).size);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(20_000_000);
    expect(statSync(tarball).size).toBeLessThan(20_000_000);
    expect(globSync('**/*.ts', { cwd: installed.package, exclude: ['**/*.d.ts'] })).toEqual([]);
    expect(globSync('node_modules/**/node-{linux,win,darwin}-*', { cwd: installed.folder })).toEqual([]);
  });

  it('runs commands from node_modules', () => {
    expect(installed.run(['--version']).output).toContain(nodeVersion);
    expect(installed.unroll('version')).toEqual({ code: 0, output: `${version}\n`, errors: '' });
    const { code, output } = installed.unroll(
      'run',
      'language',
      'Alle Menschen',
      '--models',
      models,
      '--text',
    );
    expect(output).toMatch(/^0\.\d+ {2}de$/m);
    expect(code).toBe(0);
    expect(installed.unroll('doctor', '--models', models, '--port', '0').output).toContain('✓ kernel');
  });

  it('exports a server and a model', () => {
    writeFileSync(
      join(installed.folder, 'use.ts'),
      `import { createServer, loadModel, UnrollError, type ServerSettings } from '@unroll/server';
import { createClient } from '@unroll/server/client';
const models = ${JSON.stringify(models)};
const settings: ServerSettings = { port: 0, models, data: 'data', training_jobs: 0, log_level: 'error' };
const server = await createServer(settings);
const reply = await fetch(server.url + '/v1/models/language/classify', {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ input: 'Alle Menschen' }) });
const { predictions } = (await reply.json()) as { predictions: { label: string }[] };
const tagged = await createClient({ url: server.url }).tag('brown-tagger', { input: 'Time flies.' });
const tag: string = tagged.predictions[0]!.tokens[1]!.label;
const listed = (await (await server.fetch('/v1/models')).json()) as { data: object[] };
await server.close();
const model = await loadModel(models + '/moby');
let text = '';
for await (const { event, data } of model.stream('generate', { prompt: 'Call me ', max_tokens: 3, seed: 7 }))
  if (event === 'token') text += data.text;
const whole: string = (await model.generate({ prompt: 'Call me ', max_tokens: 3, seed: 7 })).generations[0]!.text;
let code = '';
try { await model.classify({ input: 'x' }); } catch (error) { code = (error as UnrollError).code; }
await model.close();
// @ts-expect-error there is no such setting
const wrong: ServerSettings = { portt: 1 };
// @ts-expect-error there is no such field
type Wrong = Parameters<typeof model.classify>[0]['inputs'];
console.log(JSON.stringify({ label: predictions[0]!.label, tag, models: listed.data.length, same: text === whole, code }));
export type { Wrong };
export { wrong };
`,
    );
    const { output, errors } = installed.run([join(installed.folder, 'use.ts')]);
    expect(errors).toBe('');
    expect(JSON.parse(output)).toEqual({
      label: 'de',
      tag: 'VBZ',
      models: 6,
      same: true,
      code: 'wrong_task',
    });
  }, 300_000);

  it('has types of them', () => {
    // of the program above
    const types = installed.run([
      join(root, 'node_modules/typescript/bin/tsc'),
      ...'--noEmit --strict --module nodenext --target es2024 --lib es2024,esnext --types node --ignoreConfig use.ts'.split(
        ' ',
      ),
      '--typeRoots',
      join(root, 'node_modules/@types'),
    ]);
    expect(types).toEqual({ code: 0, output: '', errors: '' });
  }, 300_000);

  describe('as a server', () => {
    let server: ServerProcess;
    beforeAll(async () => {
      cpSync(models, join(installed.folder, 'models'), { recursive: true });
      server = await startProcess(join(installed.folder, 'models'), join(installed.folder, 'data'), {
        node,
        program: join(installed.package, 'bin/unroll.js'),
        settings: { MAX_EVENT_LOOP_DELAY_MS: 0 },
      });
    });
    afterAll(() => server.stop());

    it('answers every task', async () => {
      for (const [path, body] of Object.entries({
        'language/classify': { input: 'Alle Menschen' },
        'brown-tagger/tag': { input: 'Time flies.' },
        'pronounce/decode': { input: 'recurrent', beam_size: 5 },
        'moby/generate': { prompt: 'Call me ', max_tokens: 3 },
        'births/predict': { input: [[9083, 0, 0, 0, 0, 0, 1, 0, 0, 1]] },
        'language/embed': { input: 'All human beings' },
      }))
        expect((await server.post(`/v1/models/${path}`, body)).status, path).toBe(200);
      expect((await server.get('/docs/static/index.html')).status).toBe(200);
    });

    it('keeps sessions, trains, and serves what it trained', async () => {
      await server.ask('/v1/sessions', { model: 'moby', id: 'one', durable: true });
      await server.ask('/v1/sessions/one/steps', { input: 'Call me ' });
      const records = ['good day', 'hello', 'thanks', 'thank you'].map((text, i) => ({
        text,
        label: i < 2 ? 'a' : 'b',
      }));
      writeFileSync(
        join(installed.folder, 'job.json'),
        JSON.stringify({
          model: 'polite',
          task: 'classify',
          network: {
            layers: [
              { type: 'embedding', units: 4 },
              { type: 'recurrent', cell: 'gru', units: 4 },
              { type: 'dense' },
            ],
          },
          data: { records },
          validation: { share: 0 },
          budget: { epochs: 3 },
        }),
      );
      const { code, output } = installed.unroll(
        'jobs',
        'create',
        'job.json',
        '--follow',
        '--server',
        server.url,
      );
      expect(output).toContain('the job has succeeded');
      expect(code).toBe(0);
      expect((await server.post('/v1/models/polite/classify', { input: 'hello' })).status).toBe(200);
    });
  });

  it('imports models, those of HDF5 too, and trains without a server', () => {
    const golden = join(root, 'test/golden');
    expect(
      installed.unroll('import', join(golden, 'onnx-files/views/step-with-states.onnx'), '--name', 'steps')
        .errors,
    ).toBe('');
    const keras = installed.unroll('import', join(golden, 'keras-files/gru-after.h5'), '--name', 'keras');
    expect([keras.code, keras.errors]).toEqual([0, '']);
    const job = JSON.parse(readFileSync(join(installed.folder, 'job.json'), 'utf8')) as object;
    writeFileSync(join(installed.folder, 'alone.json'), JSON.stringify({ ...job, model: 'alone' }));
    expect(installed.unroll('train', 'alone.json').output).toContain('published alone@1');
    // without validation data it cannot be measured, and takes no traffic
    expect(installed.unroll('train', 'job.json').output).toContain(
      'not published: polite@1 cannot be compared',
    );
  });
}
