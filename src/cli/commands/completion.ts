import { Argument, type Command } from 'commander';

const shells = ['bash', 'zsh', 'fish'] as const;

export const addCompletionCommand = (program: Command): Command =>
  program
    .command('completion')
    .description('print a script that completes commands and options: eval "$(unroll completion bash)"')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action(async (shell: (typeof shells)[number]) => {
      const { completionScript } = await import('../completion/completion-script.ts');
      process.stdout.write(completionScript(program, shell));
    });
