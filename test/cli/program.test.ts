import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';

const program = buildProgram();

const listAll = (command: Command): Command[] => [command, ...command.commands.flatMap(listAll)];

describe('the program', () => {
  it('has the commands of the documentation', () => {
    expect(program.commands.map((one) => one.name()).toSorted()).toEqual(
      'bench completion config demo doctor help import inspect jobs keys list ps publish pull quantize rm rollback run serve session show train train-worker version'.split(
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
