import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProcess, type ServerProcess } from '../e2e/start-process.ts';

// What `npm pack` gives, below a node_modules folder, with this repository's dependencies in place of downloaded ones.

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'unroll-package-'));
const installed = join(folder, 'node_modules/@unroll/server');
const models = join(installed, 'models');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
};
let tarball: string;

beforeAll(() => {
  const [name = ''] = execFileSync('npm', ['pack', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .slice(-1);
  tarball = join(folder, name);
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  // its own copy of each: a link would lead out of node_modules, where this repository's other packages are
  for (const dependency of readdirSync(join(root, 'node_modules')))
    if (!dependency.startsWith('.') && dependency !== '@unroll')
      symlinkSync(join(root, 'node_modules', dependency), join(folder, 'node_modules', dependency));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

const run = (args: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    input,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], UNROLL_PORT: '9' },
  });
  return { code: status, output: stdout, errors: stderr };
};
const unroll = (...args: string[]) => run([join(installed, 'bin/unroll.js'), ...args]);

describe('the package', () => {
  it('has at most 20 MB, no TypeScript but declarations, and no Node of a platform', () => {
    const entries = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    const bytes = entries.reduce(
      (sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size,
      0,
    );
    expect(bytes).toBeLessThan(20_000_000);
    expect(statSync(tarball).size).toBeLessThan(20_000_000);
    expect(entries.map(({ name }) => name).filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([]);
    expect(existsSync(join(installed, 'src'))).toBe(false);
    const { dependencies, optionalDependencies, name } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    ) as { dependencies: object; optionalDependencies?: object; name: string };
    expect(name).toBe('@unroll/server');
    expect(
      Object.keys({ ...dependencies, ...optionalDependencies }).filter((one) => one.startsWith('node-')),
    ).toEqual([]);
  });

  it('runs commands from node_modules', () => {
    expect(unroll('version')).toEqual({ code: 0, output: `${manifest.version}\n`, errors: '' });
    const { code, output } = unroll('run', 'language', 'Alle Menschen', '--models', models, '--text');
    expect(output).toMatch(/^0\.\d+ {2}de$/m);
    expect(code).toBe(0);
    expect(unroll('doctor', '--models', models, '--port', '0').output).toContain('✓ kernel');
  });

  it('exports a server and a model', () => {
    writeFileSync(
      join(folder, 'use.ts'),
      `import { createServer, loadModel, ServerError, type ServerSettings } from '@unroll/server';
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
  if (event === 'token') text += String(data['text']);
const whole: string = (await model.generate({ prompt: 'Call me ', max_tokens: 3, seed: 7 })).generations[0]!.text;
let code = '';
try { await model.classify({ input: 'x' }); } catch (error) { code = (error as ServerError).code; }
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
    const { output, errors } = run([join(folder, 'use.ts')]);
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
    const types = run([
      join(root, 'node_modules/typescript/bin/tsc'),
      ...'--noEmit --strict --module nodenext --target es2024 --lib es2024,esnext --types node --ignoreConfig use.ts'.split(
        ' ',
      ),
    ]);
    expect(types).toEqual({ code: 0, output: '', errors: '' });
  }, 300_000);

  describe('as a server', () => {
    let server: ServerProcess;
    beforeAll(async () => {
      cpSync(models, join(folder, 'models'), { recursive: true });
      server = await startProcess(join(folder, 'models'), join(folder, 'data'), {
        program: join(installed, 'bin/unroll.js'),
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
        join(folder, 'job.json'),
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
      const { code, output } = unroll('jobs', 'create', 'job.json', '--follow', '--server', server.url);
      expect(output).toContain('the job has succeeded');
      expect(code).toBe(0);
      expect((await server.post('/v1/models/polite/classify', { input: 'hello' })).status).toBe(200);
    });
  });

  it('imports models, those of HDF5 too, and trains without a server', () => {
    const golden = join(root, 'test/golden');
    expect(
      unroll('import', join(golden, 'onnx-files/views/step-with-states.onnx'), '--name', 'steps').errors,
    ).toBe('');
    const keras = unroll('import', join(golden, 'keras-files/gru-after.h5'), '--name', 'keras');
    expect([keras.code, keras.errors]).toEqual([0, '']);
    const job = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8')) as object;
    writeFileSync(join(folder, 'alone.json'), JSON.stringify({ ...job, model: 'alone' }));
    expect(unroll('train', 'alone.json').output).toContain('published alone@1');
    // without validation data it cannot be measured, and takes no traffic
    expect(unroll('train', 'job.json').output).toContain('not published: polite@1 cannot be compared');
  });
});
