import { InvalidArgumentError, type Command } from 'commander';
import type { Client, TrainingJob } from '../../client/index.ts';
import { formatJobs } from '../jobs/format-jobs.ts';
import type { PublishOptions } from '../jobs/publish-checkpoint.ts';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['SERVER']);

interface Options {
  readonly json?: boolean;
  readonly limit?: number;
  readonly follow?: boolean;
}

function print(jobs: readonly TrainingJob[], { json }: Options): void {
  if (json) for (const job of jobs) console.log(JSON.stringify(job));
  else for (const line of formatJobs(jobs)) console.log(line);
}

async function connectTo(options: Options): Promise<Client> {
  const { connect } = await import('../connect.ts');
  return connect(settings.read({ ...options }).config);
}

/** Runs a call on the server and prints the job that it gives. */
async function printJob(options: Options, call: (client: Client) => Promise<TrainingJob>): Promise<void> {
  print([await call(await connectTo(options))], options);
}

async function follow(options: Options, job: string): Promise<void> {
  const { followJob } = await import('../follow.ts');
  process.exitCode = await followJob(await connectTo(options), job);
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}

function parseStep(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0.');
  return Number(text);
}

export function addJobsCommand(program: Command): Command {
  const jobs = program.command('jobs').description('list and steer the training jobs of a server');
  const add = (name: string, description: string, isDefault = false): Command =>
    settings
      .add(jobs.command(name, { isDefault }))
      .description(description)
      .option('--json', 'print JSON, a job a line');

  add('list', 'list the jobs, newest first', true)
    .option('--limit <n>', 'how many', parseLimit, 20)
    .allowExcessArguments()
    .action(async (options: Options, command: Command) => {
      // the default command, which is run for any word that is no command
      if (command.args.length > 0) command.error(`error: unknown command '${command.args[0]}'`);
      const { data } = await (await connectTo(options)).jobs.list({ limit: options.limit });
      print(data, options);
    });
  add('create', 'create a job from a file as `unroll train` takes it, and upload its data')
    .argument('<config>', 'the body of POST /v1/training/jobs; data may be {"file": "train.jsonl"}')
    .option('--follow', 'show its progress until it has ended')
    .action(async (path: string, options: Options) => {
      const { submitJob } = await import('../jobs/submit-job.ts');
      const job = await submitJob(await connectTo(options), path);
      print([job], options);
      if (options.follow) await follow(options, job.id);
    });
  add('show', 'show a job')
    .argument('<job>', 'id of a job')
    .action((job: string, options: Options) => printJob(options, (client) => client.jobs.show(job)));
  for (const [action, description] of [
    ['cancel', 'cancel a job, and keep its checkpoints'],
    ['pause', 'pause a job at its next step'],
    ['resume', 'resume a paused job'],
  ] as const)
    add(action, description)
      .argument('<job>', 'id of a job')
      .action((job: string, options: Options) => printJob(options, (client) => client.jobs[action](job)));
  settings
    .add(jobs.command('publish'))
    .description("publish a checkpoint of a job as its model's next version, however good it is")
    .argument('<job>', 'id of a job')
    .option('--step <n>', 'the step of the checkpoint; the best by default', parseStep)
    .option(
      '--alias <name>',
      'the alias to point at it; any but default leaves the traffic where it is',
      'default',
    )
    .option('--force', 'although its task, labels or inputs are not those of the present version')
    .option('--json', 'print JSON')
    .action(async (job: string, options: Options & PublishOptions) => {
      const { publishCheckpoint } = await import('../jobs/publish-checkpoint.ts');
      const published = await publishCheckpoint(await connectTo(options), job, options);
      console.log(options.json ? JSON.stringify({ job, published }) : `published ${published}`);
    });
  settings
    .add(jobs.command('follow'))
    .description('show the progress of a job until it has ended')
    .argument('<job>', 'id of a job')
    .action((job: string, options: Options) => follow(options, job));
  return jobs;
}
