import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runProgram } from '../../support/run-program.ts';
import { modelFolder } from '../model-folder.ts';
import { startServer, type ServerProcess } from '../server-process.ts';

const program = join(import.meta.dirname, '../../../bin/unroll.js');
const folder = modelFolder(['classifier']);
const files = mkdtempSync(join(tmpdir(), 'unroll-run-file-'));
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { MAX_EVENT_LOOP_DELAY_MS: 0 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
  rmSync(files, { recursive: true });
});

const environment = () => ({ PATH: process.env['PATH'], UNROLL_SERVER: server.url });
/** Without a server, so that models are called in the process of the command. */
const alone = () => ({ PATH: process.env['PATH'], UNROLL_PORT: '9', UNROLL_MODELS: folder.path });
const unroll = (args: string[], env: NodeJS.ProcessEnv = environment()) =>
  runProgram(process.execPath, [program, ...args], { env });

it('unroll run --file answers a file of requests line by line, at a server and without one', async () => {
  const file = join(files, 'in.ndjson');
  const count = 3000;
  writeFileSync(file, Array.from({ length: count }, (_, i) => `{"input":"text ${i}","top_k":1}\n`).join(''));
  const whole = await unroll(['run', 'classifier', '--file', file]);
  expect(whole.code).toBe(0);
  const lines = whole.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { line: number });
  expect(lines.map(({ line }) => line)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  writeFileSync(file, '{"input":"one"}\n{"inputs":"two"}\n');
  for (const env of [environment(), alone()]) {
    const { code, output } = await unroll(['run', 'classifier', '--file', file], env);
    expect([
      code,
      output
        .trim()
        .split('\n')
        .map((line) => Object.keys(JSON.parse(line) as object)),
    ]).toEqual([1, [expect.arrayContaining(['line', 'predictions']), ['line', 'error']]]);
  }
  expect(await unroll(['run', 'classifier', '--file', join(files, 'none')])).toMatchObject({
    code: 1,
    output: expect.stringContaining('--file: ') as string,
  });
  expect((await unroll(['run', 'classifier', 'hello', '--file', file])).code).toBe(2);
});
