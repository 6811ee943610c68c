import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../../src/cli/program.ts';
import { runInTerminal } from '../../support/run-in-terminal.ts';
import { runProgram } from '../../support/run-program.ts';

const program = join(import.meta.dirname, '../../../bin/unroll.js');
// nothing listens there any more
const closed = createServer().listen(0, '127.0.0.1');
await once(closed, 'listening');
const url = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
closed.close();
const env = { PATH: process.env['PATH'], UNROLL_SERVER: url };

const listPaths = (command: Command, path: readonly string[] = []): string[][] =>
  command.commands.flatMap((one) => {
    const own = [...path, one.name()];
    return [own, ...listPaths(one, own)];
  });
const paths = listPaths(buildProgram()).map((path) => [path.join(' '), path] as const);

describe.each(paths)('unroll %s', (name, path) => {
  it('has a help text, in a terminal and in a pipe, with colours in the terminal alone', async () => {
    const piped = await runProgram(process.execPath, [program, ...path, '--help'], { env });
    expect(piped).toMatchObject({
      code: 0,
      output: expect.stringContaining(`Usage: unroll ${name}`) as string,
    });
    expect(piped.output).not.toContain('\u{1b}[');
    const shown = await runInTerminal(process.execPath, [program, ...path, '--help'], {
      env: { ...env, TERM: 'xterm' },
    });
    expect(shown.code).toBe(0);
    expect(shown.output).toContain('\u{1b}[1mUsage:');
  });

  it('refuses an option that it does not have with exit code 2, in a terminal and in a pipe', async () => {
    const required =
      { import: ['--name', 'x'], quantize: ['--precision', 'int8', '--data', 'x'] }[name] ?? [];
    const args = [program, ...path, ...required, '--no-such-option'];
    for (const { code, output } of [
      await runProgram(process.execPath, args, { env }),
      await runInTerminal(process.execPath, args, { env: { ...env, TERM: 'xterm' } }),
    ]) {
      expect(code).toBe(2);
      expect(output).toContain("unknown option '--no-such-option'");
      expect(output).not.toContain('    at ');
    }
  });
});

it('unroll help prints what a command below a command takes', async () => {
  const { code, output } = await runProgram(process.execPath, [program, 'help', 'session', 'rewind'], {
    env,
  });
  expect([code, output]).toEqual([0, expect.stringContaining('Usage: unroll session rewind')]);
});

describe('a command with arguments that are missing or wrong', () => {
  it.each([
    ['run', "missing required argument 'model'"],
    ['show', "missing required argument 'model'"],
    ['bench', "missing required argument 'model'"],
    ['pull', "missing required argument 'source'"],
    ['pull ./file.onnx', 'SOURCE: must be http://'],
    ['pull https://example.org/a --sha256 12', 'It must have 64 hexadecimal digits.'],
    ['pull https://example.org/a --max-bytes 1e9', 'It must be a number of bytes.'],
    ['inspect', "missing required argument 'file'"],
    ['keys create', "missing required argument 'name'"],
    ['completion tcsh', 'Allowed choices are bash, zsh, fish.'],
    ['publish language', 'It must be a model and a version, such as language@2.'],
    ['publish language@0', 'It must be a model and a version'],
    ['rollback ../x', 'It must be the name of a model.'],
    ['rollback x --to v1', 'It must be the number of a version.'],
    ['rm language', 'Delete language with all its versions? Add --yes'],
    ['bench m --seconds 0', 'It must be a whole number from 1 to 3600.'],
    ['run m x --seed y', 'It must be a number.'],
    ['run m x --json --text', '--json and --text exclude each other'],
    ['session new', "missing required argument 'model'"],
    ['session fly', "unknown command 'fly'"],
    ['session rewind s', 'expected one of --mark, --steps and --position'],
    ['session rewind s --mark m --steps 2', 'expected one of --mark, --steps and --position'],
    ['jobs fly', "unknown command 'fly'"],
    ['help serv', 'Did you mean serve?'],
    ['help session fly', "unknown command 'fly'"],
    ['list --server nowhere', '--server: must be a URL'],
    ['list --config /none.json', '/none.json: cannot be read'],
    ['run m x --body [1]', '--body: must be a JSON object'],
    ['jobs list --limit 0', 'It must be a whole number from 1.'],
  ])('%s: %s', async (line, why) => {
    const { code, output } = await runProgram(process.execPath, [program, ...line.split(' ')], { env });
    expect(code).toBe(2);
    expect(output).toContain(why);
    expect(output).not.toContain('    at ');
  });

  it.each([
    'list',
    'show m',
    'run m x',
    'ps',
    'jobs',
    'jobs show j',
    'jobs follow j',
    'session list',
    'session step s x',
    'session load /dev/null',
    'bench m',
    'publish m@1',
    'rollback m',
    'rm m@1 --yes',
    'train --follow j',
  ])('%s says that no server is there, with exit code 3', async (line) => {
    const { code, output } = await runProgram(process.execPath, [program, ...line.split(' ')], { env });
    expect(output).toContain(`no reply from ${url}: connect ECONNREFUSED`);
    expect(output).not.toContain('    at ');
    expect(code).toBe(3);
  });
});
