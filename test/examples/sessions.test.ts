import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type ServerProcess } from '../e2e/server-process.ts';

// The examples of sessions, run as a user runs them.

const root = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'unroll-examples-'));
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(join(root, 'models'));
});
afterAll(async () => {
  await server.stop();
  rmSync(work, { recursive: true, force: true });
});

async function run(name: string, options: readonly string[], input = ''): Promise<string> {
  const program = join(root, 'examples', name, 'run.ts');
  const child = spawn(process.execPath, [program, ...options], { cwd: work });
  child.stdin.end(input);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(errors).toBe('');
  return output;
}
const sessions = async (): Promise<number> =>
  ((await (await server.get('/v1/sessions')).json()) as { data: unknown[] }).data.length;

it('a story goes the way that was taken, and back', async () => {
  const tell = async (input: string): Promise<string> =>
    run('story', ['--server', server.url, '--tokens', '20', '--ways', '2'], input);
  const output = await tell('2\nback\n2\nThe end.\nend\n');
  const second = /^2\) (.*)$/m.exec(output)![1]!;
  const turns = output.split('> ').slice(1);
  expect(turns[0]).toContain(second.trim());
  expect(turns[1]!.split('1) ')[0]!.trim()).toBe('');
  expect(turns[3]!.split('1) ')[0]).toContain('The end.');
  // forks and the story itself are gone
  expect(await sessions()).toBe(0);
});

it('a story goes on after more choices than a session has marks', async () => {
  const lines = Array.from({ length: 34 }, (_, k) => `line ${k}`).join('\n');
  const output = await run(
    'story',
    ['--server', server.url, '--tokens', '1', '--ways', '1'],
    `${lines}\nback\nend\n`,
  );
  expect(output.split('> ').at(-1)).not.toContain('line 33');
  expect(output).toContain('line 32 line 33');
  expect(await sessions()).toBe(0);
});

it('a forecaster goes on where it was, also on a server that does not know it', async () => {
  const options = (url: string, count: number): string[] => [
    '--server',
    url,
    '--every',
    '0',
    '--count',
    String(count),
  ];
  const days = (output: string): string[] => output.match(/^day.*$/gm) ?? [];
  const first = days(await run('forecast', options(server.url, 3)));
  const second = await run('forecast', options(server.url, 2));
  expect(second).toContain('from observation 4');
  const other = await startServer(join(root, 'models'));
  try {
    const third = await run('forecast', options(other.url, 2));
    expect(third).toContain('from observation 6');
    const whole = days(
      await run('forecast', [
        ...options(other.url, 7),
        '--session',
        'whole',
        '--snapshot',
        'whole.safetensors',
      ]),
    );
    expect([...first, ...days(second), ...days(third)]).toEqual(whole);
  } finally {
    await other.stop();
  }
});
