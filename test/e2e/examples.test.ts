import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { itWithProgram } from '../support/needs.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until } from './server-process.ts';

// Every model is shown with a request that it answers, sent here as it is printed.

const root = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'unroll-examples-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Runs a command as a user pastes it, and reads the JSON that it prints. */
const run = (command: string): Record<string, unknown> =>
  JSON.parse(execFileSync('bash', ['-euc', command], { encoding: 'utf8' })) as Record<string, unknown>;

interface Details {
  readonly id: string;
  readonly ready: boolean;
  readonly example: object;
  readonly curl: string;
}

/** What the command of each model prints. */
async function runAll(models: string): Promise<Record<string, Record<string, unknown>>> {
  const server = await startServer(models);
  const { data } = (await (await server.get('/v1/models')).json()) as { data: Details[] };
  const replies: Record<string, Record<string, unknown>> = {};
  for (const { id } of data.filter(({ ready }) => ready)) {
    const { curl } = (await (await server.get(`/v1/models/${id}`)).json()) as Details;
    replies[id] = run(curl);
  }
  expect(await server.stop()).toBe(0);
  return replies;
}

const isAnswer = (reply: Record<string, unknown>): boolean =>
  ['predictions', 'generations', 'outputs'].some((field) => Array.isArray(reply[field]));

describe('the command that a model is shown with', () => {
  it('is answered by every shipped model', async () => {
    const replies = await runAll(join(root, 'models'));
    expect(Object.keys(replies)).toEqual([
      'births',
      'brown-tagger',
      'language',
      'moby',
      'names',
      'pronounce',
    ]);
    expect(Object.entries(replies).filter(([, reply]) => !isAnswer(reply))).toEqual([]);
  });

  it('is made for models without an example, and answered', async () => {
    const folder = modelFolder();
    const golden = join(root, 'test/golden');
    const files = {
      'window-of-steps': 'onnx-files/views/valid-strided-dilated.onnx',
      pooled: 'onnx-files/graphs/pooled-16.onnx',
      ids: 'keras-files/classifier.keras',
      'tensors-only': 'onnx-signatures/attention-decoder.onnx',
      looped: 'torchscript-files/cell-loop-trace.pt',
    };
    for (const [name, file] of Object.entries(files)) {
      mkdirSync(join(folder.path, name, '1'), { recursive: true });
      copyFileSync(join(golden, file), join(folder.path, name, '1', file.split('/').at(-1)!));
    }
    cpSync(join(golden, 'tfjs-files/flattened'), join(folder.path, 'fixed-steps/1'), { recursive: true });
    const replies = await runAll(folder.path);
    folder.remove();
    const names = [
      'classifier',
      'numbers',
      'tagger',
      'total',
      'writer',
      'fixed-steps',
      ...Object.keys(files),
    ];
    expect(Object.keys(replies).sort()).toEqual(names.sort());
    expect(Object.entries(replies).filter(([, reply]) => !isAnswer(reply))).toEqual([]);
  });
});

const script = { program: 'script', debianPackage: 'bsdutils' };
itWithProgram(script, 'the commands of the banner on a terminal work as they are printed', async () => {
  const command = `${process.execPath} bin/unroll.js serve`;
  const { PATH } = process.env;
  const env = {
    PATH,
    UNROLL_PORT: '0',
    UNROLL_MODELS: join(root, 'models'),
    UNROLL_DATA: join(work, 'data'),
  };
  const terminal = spawn('script', ['-qefc', command, '/dev/null'], { cwd: root, env, detached: true });
  let output = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await until(() => output.includes('Examples:') && output.endsWith('\r\n\r\n'), 60_000);
  const commands = output.split('\r\n').filter((line) => line.startsWith('  curl'));
  const replies = commands.map(run);
  process.kill(-terminal.pid!, 'SIGTERM');
  await once(terminal, 'exit');
  expect(commands).toHaveLength(5);
  expect(replies.filter((reply) => !isAnswer(reply))).toEqual([]);
});

it('a model whose example does not fit it is not served, and says why', async () => {
  const folder = modelFolder(['numbers']);
  const file = join(folder.path, 'numbers/1/model.json');
  const model = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...model, example: { input: [[1, 2, 3]] } }));
  const server = await startServer(folder.path);
  expect(await (await server.get('/v1/models/numbers')).json()).toMatchObject({
    ready: false,
    error: 'model.json: example: input[0]: a step has 2 features, was given 3',
    example: null,
    curl: null,
  });
  expect(await server.stop()).toBe(0);
  folder.remove();
});
