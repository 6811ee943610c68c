import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { completionScript } from '../../src/cli/completion/completion-script.ts';
import { buildProgram } from '../../src/cli/program.ts';

const program = buildProgram();

const listAll = (command: Command): Command[] => [command, ...command.commands.flatMap(listAll)];

describe('the program', () => {
  it('has the commands of the documentation', () => {
    expect(program.commands.map((one) => one.name()).toSorted()).toEqual(
      'bench completion config doctor import inspect jobs keys list ps publish pull quantize rm rollback run serve session show train train-worker version'.split(
        ' ',
      ),
    );
  });

  it('describes every command, argument and option', () => {
    for (const command of listAll(program)) {
      expect(command.description(), command.name()).not.toBe('');
      for (const { description, long } of command.options) expect(description, long).not.toBe('');
      for (const argument of command.registeredArguments)
        expect(argument.description, `${command.name()} ${argument.name()}`).not.toBe('');
    }
  });
});

/** The candidates that bash has after a command line. */
function completeInBash(line: string): string[] {
  const words = line.split(' ');
  const script = `${completionScript(program, 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_unroll; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion', () => {
  it('in bash has commands, those below a command, and options', () => {
    expect(completeInBash('unroll se')).toEqual(['serve', 'session']);
    expect(completeInBash('unroll session re')).toEqual(['rewind']);
    expect(completeInBash('unroll serve --por')).toEqual(['--port']);
    expect(completeInBash('unroll session new moby --keep')).toEqual(['--keep-steps']);
    expect(completeInBash('unroll list --js')).toEqual(['--json']);
  });

  it.each(['bash', 'zsh', 'fish'] as const)('for %s names every command and option', (shell) => {
    const script = completionScript(program, shell);
    for (const command of listAll(program).slice(1)) {
      expect(script).toContain(command.name());
      for (const { long, hidden } of command.options) if (long && !hidden) expect(script).toContain(long);
    }
  });
});
