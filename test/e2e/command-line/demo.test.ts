import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { modelFolder } from '../model-folder.ts';
import { startServer } from '../server-process.ts';
import { ctrlC, runInTerminal } from '../../support/run-in-terminal.ts';
import { runProgram } from '../../support/run-program.ts';

const root = join(import.meta.dirname, '../../..');
const program = join(root, 'bin/unroll.js');
const alone = { PATH: process.env['PATH'], TERM: 'xterm', UNROLL_PORT: '9' };
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

it('unroll demo shows the shipped models in this process, and README.md a recording of what it shows', async () => {
  const svg = readFileSync(join(root, 'docs/demo.svg'), 'utf8');
  const { code, output } = await runProgram('sh', ['-c', `cd ${tmpdir()} && exec "$@"`, 'sh', process.execPath, program, 'demo'], { env: alone }); // prettier-ignore
  expect(code).toBe(0);
  expect(output).toMatch(/^ {2}Alle Menschen sind frei und gleich {2}de \d+ %$/m);
  expect(output).toContain('The/AT old/JJ ship/NN sails/VBZ');
  expect(output).toContain('✓ the same state, the same bits');
  expect(output).not.toContain('\u{1b}');
  expect(svg.length).toBeLessThan(100_000);
  // what is still there at the end; a time between them is a line of its own
  const shown = [...svg.matchAll(/<g><set[^]*?<\/g>/g)]
    .flatMap(([group]) => [...group.matchAll(/x="([\d.]+)" y="(\d+)"[^>]*>([^<]*)</g)])
    .toSorted((a, b) => Number(a[2]) - Number(b[2]) || Number(a[1]) - Number(b[1]))
    .map(([, , , text]) => text!.trim())
    .join('');
  expect(shown).toBe(`$npxunrolldemo${words(output).join('')}`);
}, 120_000);

it('unroll demo calls a server that has the models, and names those that another has not', async () => {
  const server = await startServer(join(root, 'models'), { MAX_EVENT_LOOP_DELAY_MS: 0 });
  const env = { ...alone, UNROLL_SERVER: server.url };
  const { code, output } = await runProgram(process.execPath, [program, 'demo'], { env });
  expect([code, output]).toEqual([0, expect.stringContaining('✓ the same state')]);
  expect(await server.ask<{ data: object[] }>('/v1/sessions', { model: 'moby' })).toBeDefined();
  const { data } = (await (await server.get('/v1/sessions')).json()) as { data: object[] };
  expect(data).toHaveLength(1);
  await server.stop();

  const folder = modelFolder(['classifier']);
  const other = await startServer(folder.path);
  const missing = await runProgram(process.execPath, [program, 'demo', '--server', other.url], {
    env: alone,
  });
  expect(missing.code).toBe(1);
  expect(missing.output).toContain(`${other.url}: has no language, brown-tagger, moby.`);
  await other.stop();
  folder.remove();
}, 120_000);

it('unroll demo ends at Ctrl-C with exit code 130', async () => {
  const { code } = await runInTerminal(process.execPath, [program, 'demo'], {
    env: alone,
    typed: [['Alle', ctrlC]],
  });
  expect(code).toBe(130);
}, 60_000);
