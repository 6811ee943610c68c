import { InvalidArgumentError, type Command } from 'commander';
import type { Client, Session } from '../../client/index.ts';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['SERVER']);

interface Options {
  readonly json?: boolean;
}

interface RewindOptions extends Options {
  readonly mark?: string;
  readonly steps?: number;
  readonly position?: number;
}

async function withClient(options: object, work: (client: Client) => Promise<void>): Promise<void> {
  const { connect } = await import('../connect.ts');
  await work(connect(settings.read({ ...options }).config));
}

/** Runs a command on the server and prints the sessions that it gives: their ids alone in a pipe. */
const printSessions = (
  options: Options,
  work: (client: Client) => Promise<readonly Session[]>,
): Promise<void> =>
  withClient(options, async (client) => {
    const { formatSessions } = await import('../session/format-sessions.ts');
    const sessions = await work(client);
    for (const line of options.json ? sessions.map((one) => JSON.stringify(one)) : formatSessions(sessions))
      console.log(line);
  });

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function addSessionCommand(program: Command): Command {
  const session = program
    .command('session')
    .description(
      'keep the state of a sequence on a server between calls: make, step, fork, rewind, save, load',
    );
  const add = (name: string, description: string): Command =>
    settings.add(session.command(name)).description(description).option('--json', 'print JSON');

  add('new', 'begin a session')
    .argument('<model>', 'name or name@version')
    .option('--id <id>', 'an id of your own')
    .option('--ttl <seconds>', 'seconds without a call after which it expires', parseCount)
    .option('--durable', 'every call is on disk before it is answered')
    .option('--keep-steps <n>', 'how many of the last steps it can be rewound by', parseCount)
    .action(
      (
        model: string,
        options: Options & { id?: string; ttl?: number; durable?: boolean; keepSteps?: number },
      ) => {
        const { id, ttl, durable, keepSteps } = options;
        return printSessions(options, async (client) => [
          await client.call('createSession', {
            body: { model, id, ttl_s: ttl, durable, keep_steps: keepSteps },
          }),
        ]);
      },
    );
  add('list', 'list sessions, newest first')
    .option('--model <model>', 'those of a model')
    .option('--limit <n>', 'how many', parseCount, 20)
    .action((options: Options & { readonly model?: string; readonly limit: number }) =>
      printSessions(options, async (client) => {
        const { model, limit } = options;
        return (await client.sessions.list({ model, limit })).data;
      }),
    );
  add('show', 'show a session')
    .argument('<id>', 'id of a session')
    .action((id: string, options: Options) =>
      printSessions(options, async (client) => [await client.call('showSession', { path: { session: id } })]),
    );
  add(
    'step',
    "go on with a session, answered as the model's task; a model that generates reads, and writes with --generate",
  )
    .argument('<id>', 'id of a session')
    .argument('[input]', 'the next steps: a text, or JSON rows for a model of numbers')
    .option('--generate <tokens>', 'generate so many tokens after the input', parseCount)
    .option('--body <json>', 'other fields of the request, such as {"return": "last"}')
    .action(
      (id: string, input: string | undefined, options: Options & { generate?: number; body?: string }) =>
        withClient(options, async (client) => {
          const { step } = await import('../session/step.ts');
          await step(client, id, { ...options, input });
        }),
    );
  add('fork', 'copy a session: each copy goes on by itself')
    .argument('<id>', 'id of a session')
    .option('--count <n>', 'how many copies', parseCount, 1)
    .action((id: string, options: Options & { readonly count: number }) =>
      printSessions(options, async (client) => {
        const { count } = options;
        return (await client.call('forkSession', { path: { session: id }, body: { count } })).data;
      }),
    );
  add('mark', 'name the point where a session is, to come back to it')
    .argument('<id>', 'id of a session')
    .argument('<name>', 'name of the mark')
    .action((id: string, name: string, options: Options) =>
      printSessions(options, async (client) => [
        await client.call('markSession', { path: { session: id }, body: { name } }),
      ]),
    );
  add('rewind', 'go back to a mark, or by some of the last steps')
    .argument('<id>', 'id of a session')
    .option('--mark <name>', 'name of a mark')
    .option('--steps <n>', 'how many steps back', parseCount)
    .option('--position <n>', 'a position among the last steps', parseCount)
    .action((id: string, options: RewindOptions, command: Command) => {
      const { mark, steps, position } = options;
      if ([mark, steps, position].filter((to) => to !== undefined).length !== 1)
        command.error('error: expected one of --mark, --steps and --position');
      return printSessions(options, async (client) => [
        await client.call('rewindSession', { path: { session: id }, body: { mark, steps, position } }),
      ]);
    });
  add('save', 'write the state of a session to a file')
    .argument('<id>', 'id of a session')
    .argument('<file>', 'file to write')
    .action((id: string, file: string, options: Options) =>
      withClient(options, async (client) => {
        const { saveSnapshot } = await import('../session/snapshot-file.ts');
        await saveSnapshot(client, id, file);
      }),
    );
  add('load', 'make a session from a file that was saved')
    .argument('<file>', 'file to read')
    .option('--id <id>', 'its id; a session that has it is set to the state')
    .action((file: string, options: Options & { readonly id?: string }) =>
      printSessions(options, async (client) => {
        const { loadSnapshot } = await import('../session/snapshot-file.ts');
        return [await loadSnapshot(client, file, options.id)];
      }),
    );
  add('rm', 'end a session')
    .argument('<id>', 'id of a session')
    .action((id: string, options: Options) =>
      withClient(options, async (client) => {
        const reply = await client.call('deleteSession', { path: { session: id } });
        console.log(options.json ? JSON.stringify(reply) : `${id} has ended`);
      }),
    );
  return session;
}
