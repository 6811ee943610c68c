import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completionScript } from '../../../src/cli/completion/completion-script.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { itWithProgram } from '../../support/needs.ts';
import { ctrlD, runInTerminal } from '../../support/run-in-terminal.ts';
import { runProgram } from '../../support/run-program.ts';

// The scripts in the shells that they are for.

const folder = mkdtempSync(join(tmpdir(), 'unroll-completion-'));
const file = (name: string): string => join(folder, name);
// of no settings of whoever runs the tests
const env = { PATH: process.env['PATH'], HOME: folder, TERM: 'xterm', LC_ALL: 'C.UTF-8' };
beforeAll(() => {
  for (const shell of ['bash', 'zsh', 'fish'] as const)
    writeFileSync(file(shell), completionScript(buildProgram(), shell));
  mkdirSync(file('functions'));
  writeFileSync(file('functions/_unroll'), completionScript(buildProgram(), 'zsh'));
  writeFileSync(file('letters.csv'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is typed before Tab, and what it becomes. */
const lines = [
  ['ru', 'run'],
  ['session fo', 'session fork'],
  ['session rew', 'session rewind'],
  ['session new moby --keep', 'session new moby --keep-steps'],
  ['session rewind --ma', 'session rewind --mark'],
  ['session rm --js', 'session rm --json'],
  ['jobs pub', 'jobs publish'],
  ['jobs show abc --ser', 'jobs show abc --server'],
  ['serve --max-tok', 'serve --max-tokens'],
  ['completion fi', 'completion fish'],
  ['help sess', 'help session'],
  ['help session rew', 'help session rewind'],
  ['inspect lett', 'inspect letters.csv'],
] as const;

/** Types lines with Tab and Enter into a shell that says what `unroll` is given. @returns what that was, by line */
async function complete(shell: string, args: readonly string[], source: string): Promise<string[]> {
  const prompt = (at: number): string => `<${at}>`;
  const { output } = await runInTerminal(shell, args, {
    env,
    typed: [
      ['', `cd ${folder}; unroll() { typed=$((typed+1)); echo "[unroll $*]"; PS1="<$typed>"; }; typed=0\n`],
      ['', `${source}; PS1="<$typed>"\n`],
      ...lines.map(([typed], at) => [prompt(at), `unroll ${typed}\t\n`] as const),
      [prompt(lines.length), ctrlD],
    ],
  });
  return [...output.matchAll(/\[unroll ((?!\$)[^\]]*)\]/g)].map(([, given]) => given!.trim());
}

const expected = lines.map(([, completed]) => completed);

describe('the completion', () => {
  itWithProgram({ program: 'bash', debianPackage: 'bash' }, 'of bash', async () => {
    expect(await complete('bash', ['--norc', '-i'], `source ${file('bash')}`)).toEqual(expected);
  });

  itWithProgram({ program: 'zsh', debianPackage: 'zsh' }, 'of zsh, by eval', async () => {
    expect(await complete('zsh', ['-f', '-i'], `eval "$(cat ${file('zsh')})"`)).toEqual(expected);
  });

  itWithProgram({ program: 'zsh', debianPackage: 'zsh' }, 'of zsh, from a folder of functions', async () => {
    const source = `fpath=(${file('functions')} $fpath); autoload -Uz compinit; compinit -u`;
    expect(await complete('zsh', ['-f', '-i'], source)).toEqual(expected);
  });

  itWithProgram({ program: 'fish', debianPackage: 'fish' }, 'of fish', async () => {
    const questions = lines.map(([typed]) => `complete -C 'unroll ${typed}'`).join('; ');
    const { output } = await runProgram(
      'fish',
      ['--no-config', '-c', `cd ${folder}; source ${file('fish')}; ${questions}`],
      { env },
    );
    expect(output.trim().split('\n')).toEqual(expected.map((line) => line.split(' ').at(-1)));
  });
});

it.each(['bash', 'zsh', 'fish'] as const)('for %s names every command and option', (shell) => {
  const script = completionScript(buildProgram(), shell);
  const listAll = (command: Command): Command[] => command.commands.flatMap((one) => [one, ...listAll(one)]);
  for (const command of listAll(buildProgram())) {
    expect(script).toContain(command.name());
    for (const { long, hidden } of command.options) if (long && !hidden) expect(script).toContain(long);
  }
});
