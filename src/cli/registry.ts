import type { Command } from 'commander';
import { addBenchCommand } from './commands/bench.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addHelpCommand } from './commands/help.ts';
import { addImportCommand } from './commands/import.ts';
import { addInspectCommand } from './commands/inspect.ts';
import { addJobsCommand } from './commands/jobs.ts';
import { addKeysCommand } from './commands/keys.ts';
import { addListCommand } from './commands/list.ts';
import { addPsCommand } from './commands/ps.ts';
import { addPublishCommand } from './commands/publish.ts';
import { addPullCommand } from './commands/pull.ts';
import { addQuantizeCommand } from './commands/quantize.ts';
import { addRemoveCommand } from './commands/remove.ts';
import { addRollbackCommand } from './commands/rollback.ts';
import { addRunCommand } from './commands/run.ts';
import { addServeCommand } from './commands/serve.ts';
import { addSessionCommand } from './commands/session.ts';
import { addShowCommand } from './commands/show.ts';
import { addTrainCommand } from './commands/train.ts';
import { addTrainWorkerCommand } from './commands/train-worker.ts';
import { addVersionCommand } from './commands/version.ts';

/** Adds a command to the program. What it needs to run is imported when it runs. */
type AddCommand = (program: Command) => Command;

/** All commands, as the help lists them. */
export const commandGroups: readonly {
  readonly heading: string;
  readonly commands: readonly AddCommand[];
}[] = [
  {
    heading: 'Serving:',
    commands: [addDemoCommand, addServeCommand, addTrainWorkerCommand, addDoctorCommand],
  },
  {
    heading: 'Calling models:',
    commands: [
      addRunCommand,
      addListCommand,
      addShowCommand,
      addPsCommand,
      addSessionCommand,
      addBenchCommand,
    ],
  },
  { heading: 'Training:', commands: [addTrainCommand, addJobsCommand] },
  {
    heading: 'Versions of models:',
    commands: [
      addPublishCommand,
      addRollbackCommand,
      addRemoveCommand,
      addPullCommand,
      addInspectCommand,
      addImportCommand,
      addQuantizeCommand,
    ],
  },
  {
    heading: 'Other:',
    commands: [addKeysCommand, addConfigCommand, addCompletionCommand, addHelpCommand, addVersionCommand],
  },
];
