import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.ts';
import { runProgram } from '../support/run-program.ts';

const folder = modelFolder(['classifier', 'tagger', 'writer']);
afterAll(() => folder.remove());

const unroll = (args: string[], settings: Record<string, string> = {}) =>
  runProgram(process.execPath, [join(import.meta.dirname, '../../bin/unroll.js'), ...args], {
    env: { PATH: process.env['PATH'], ...settings },
  });

describe('unroll', () => {
  it('names every wrong setting by where it was given, and does not start', async () => {
    const { code, output } = await unroll(['serve', '--queue', 'long'], {
      UNROLL_PORT: 'high',
      UNROLL_SLOTS: '0',
      UNROLL_COLOUR: 'red',
    });
    expect(code).toBe(2);
    expect(output).toContain('UNROLL_PORT: must be an integer from 0 to 65535, was "high"');
    expect(output).toContain('UNROLL_SLOTS: must be an integer from 1 to 1024, was "0"');
    expect(output).toContain('--queue: must be an integer from 0 to 1000000, was "long"');
    expect(output).toContain('UNROLL_COLOUR: there is no such setting');
  });

  it('says when the port of an option is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, output } = await unroll(['serve', '--port', String(port), '--log-level', 'silent'], {
      UNROLL_PORT: '1',
      UNROLL_MODELS: folder.path,
    });
    other.close();
    expect(code).toBe(1);
    expect(output).toContain('EADDRINUSE');
    expect(output).not.toContain('    at ');
    expect(output).toContain(String(port));
  });

  it('prints its settings and its commands, and refuses others', async () => {
    expect((await unroll(['config'])).output).toMatch(
      /^UNROLL_PORT\n +port to listen on.*\n +an integer from 0 to 65535; 8080 by default$/m,
    );
    for (const help of [['help'], ['--help'], ['-h'], []])
      expect(await unroll(help)).toMatchObject({
        code: 0,
        output: expect.stringContaining('unroll serve') as string,
      });
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    for (const ask of [['version'], ['--version'], ['-v']])
      expect((await unroll(ask)).output).toBe(`${version}\n`);
    for (const [wrong, why] of [
      [['fly'], "unknown command 'fly'"],
      [['serv'], 'Did you mean serve?'],
      [['serve', 'now'], 'too many arguments'],
      [['--fly'], "unknown option '--fly'"],
      [['train'], 'train: expected one CONFIG or --follow JOB'],
      [['train', 'a.json', 'b.json'], 'too many arguments'],
      [['train', 'a.json', '--follow', 'job_1'], 'train: expected one CONFIG or --follow JOB'],
      [['import', 'a.onnx'], "required option '--name <name>' not specified"],
    ] as const) {
      const { code, output } = await unroll([...wrong]);
      expect(code).toBe(2);
      expect(output).toContain(why);
      expect(output).not.toContain('node:internal');
    }
  });
});
