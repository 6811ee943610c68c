import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, until, type ServerProcess } from '../e2e/server-process.ts';

// The examples of docs/importing-models.md, run as printed beside a server of the models folder that they fill.

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/importing-models.md'), 'utf8');
const [, section = ''] = /^## One example each\n([^]*?)^## /m.exec(page) ?? [];
const examples = [
  ...section.matchAll(/^### Example: (.+)\n[^]*?```sh\n([^]*?)```\n\n```json\n([^]*?)\n```/gm),
].map(([, title, commands, output]) => ({ title: title!, commands: commands!, output: output! }));

const folder = mkdtempSync(join(tmpdir(), 'unroll-examples-'));
mkdirSync(join(folder, 'models'));
symlinkSync(join(root, 'test'), join(folder, 'test'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(join(folder, 'models'));
});

const run = (command: string): string =>
  execFileSync('bash', ['-euc', command.replaceAll('localhost:8080', new URL(server.url).host)], {
    cwd: folder,
    encoding: 'utf8',
  });
const isReady = async (name: string): Promise<boolean> =>
  (await fetch(`${server.url}/v2/models/${name}/ready`)).ok;
/** A reply without what differs from run to run, numbers with the digits that every kernel gives. */
const toComparable = (reply: string): unknown =>
  JSON.parse(reply, (key, value: unknown) =>
    key.endsWith('_ms') ? undefined : typeof value === 'number' ? Number(value.toPrecision(5)) : value,
  );

describe('docs/importing-models.md', () => {
  it('has an example of each format', () => {
    expect(examples.map(({ title }) => title)).toEqual([
      'ONNX',
      'Keras',
      'TensorFlow.js',
      'a PyTorch state dict',
      'TorchScript',
      'safetensors',
      'npz',
    ]);
  });

  it.each(examples)('prints what its example of $title prints', async ({ commands, output }) => {
    const [name] = /(?<=models\/)[\w-]+/.exec(commands)!;
    const [fill, ask] = [
      commands.slice(0, commands.indexOf('curl')),
      commands.slice(commands.indexOf('curl')),
    ];
    run(fill);
    await until(() => isReady(name), 60_000);
    expect(toComparable(run(ask))).toEqual(toComparable(output));
  });
});
