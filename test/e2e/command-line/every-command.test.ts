import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../../src/cli/program.ts';
import { ctrlC, runInTerminal } from '../../support/run-in-terminal.ts';
import { runProgram } from '../../support/run-program.ts';
import { modelFolder, models } from '../model-folder.ts';
import { startServer, until, type ServerProcess } from '../server-process.ts';

// Every command with right arguments, in a pipe and on a terminal. help.test.ts has wrong ones.

const root = join(import.meta.dirname, '../../..');
const program = join(root, 'bin/unroll.js');
const folder = modelFolder(['classifier', 'writer']);
const files = mkdtempSync(join(tmpdir(), 'unroll-every-command-'));
const file = (name: string): string => join(files, name);
const places = ['pipe', 'terminal'] as const;
type Place = (typeof places)[number];
let server: ServerProcess;
const graph = join(root, 'test/golden/onnx-files/views/step-with-states.onnx');
/** Where `pull` downloads from. */
const site = createServer((_, response) => response.end(readFileSync(graph)));

beforeAll(async () => {
  await once(site.listen(0, '127.0.0.1'), 'listening');
  for (const place of places)
    for (const version of [1, 2, 3]) folder.write(`versions-${place}`, version, models.classifier, version);
  server = await startServer(folder.path, { MAX_EVENT_LOOP_DELAY_MS: 0 });
  const records = ['good day', 'hello', 'many thanks', 'thank you'].map((text, i) => ({
    text,
    label: ['red', 'red', 'green', 'blue'][i],
  }));
  writeFileSync(file('data.jsonl'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  for (const place of places) writeFileSync(file(`${place}.json`), JSON.stringify(job(`polite-${place}`, 3)));
});
afterAll(async () => {
  await server.stop();
  site.close();
  folder.remove();
  rmSync(files, { recursive: true });
});

const job = (model: string, epochs: number) => ({
  model,
  task: 'classify',
  network: { layers: [{ type: 'embedding', units: 4 }, { type: 'recurrent', cell: 'gru', units: 4 }, { type: 'dense' }] }, // prettier-ignore
  data: { file: 'data.jsonl' },
  validation: { file: 'data.jsonl' },
  budget: { epochs },
});

interface Step {
  /** What is given after `unroll`; its first words are the command. */
  readonly args: (string | (() => string))[];
  readonly says: RegExp;
  /** Typed on the terminal after a text. */
  readonly typed?: readonly [after: string, keys: string];
  /** What must be before. */
  readonly until?: () => Promise<boolean>;
  /** Takes an id from what it printed. */
  readonly keep?: (output: string) => void;
}

/** The commands in an order in which each finds what it needs. */
function steps(place: Place): Step[] {
  const session = `one-${place}`;
  const versions = `versions-${place}`;
  let short = '';
  let long = '';
  const status = async (): Promise<unknown> =>
    ((await (await server.get(`/v1/training/jobs/${long}`)).json()) as { status: string }).status;
  const keys = ['--file', file(`${place}-keys.json`)];
  const own = ['--models', file(`${place}-models`)];
  return [
    { args: ['help', 'run'], says: /Usage: unroll run/ },
    { args: ['version'], says: /^\d+\.\d+\.\d+\s*$/ },
    { args: ['config'], says: /UNROLL_PORT/ },
    { args: ['completion', 'zsh'], says: /compdef _unroll unroll/ },
    { args: ['doctor', '--port', '0', ...own, '--data', files], says: /✓ *kernel/ },
    { args: ['list'], says: /classifier@1 +classify +1 +ready/ },
    { args: ['show', 'writer'], says: /task +generate/ },
    { args: ['run', 'classifier', 'hello'], says: place === 'pipe' ? /"predictions"/ : /\d\.\d{4} {2}\w+/ },
    { args: ['bench', 'classifier', '--seconds', '1', '--concurrency', '1'], says: /calls\/s/ },
    { args: ['session', 'new', 'writer', '--id', session, '--keep-steps', '9'], says: /writer@1 +0 / },
    { args: ['session', 'step', session, 'abc'], says: /is at 3/ },
    { args: ['session', 'mark', session, 'here'], says: /here at 3/ },
    { args: ['session', 'rewind', session, '--steps', '1'], says: /writer@1 +2 / },
    { args: ['session', 'fork', session], says: /ses_\S+ +writer@1 +2 / },
    { args: ['session', 'save', session, file(place)], says: /\d bytes/ },
    { args: ['session', 'load', file(place), '--id', `two-${place}`], says: /two-\w+ +writer@1 +2 / },
    { args: ['session', 'list'], says: /two-\w+/ },
    { args: ['session', 'show', session], says: /writer@1 +2 / },
    { args: ['session', 'rm', session], says: /has ended/ },
    { args: ['ps'], says: /sessions +\d/ },
    {
      args: ['jobs', 'create', file(`${place}.json`), '--follow'],
      says: /the job has succeeded/,
      keep: (output) => (short = /job_\w+/.exec(output)![0]),
    },
    { args: ['jobs', 'show', () => short], says: /succeeded/ },
    { args: ['jobs', 'follow', () => short], says: /the job has succeeded/ },
    { args: ['jobs', 'publish', () => short, '--alias', 'tried'], says: /published polite-\w+@1/ },
    {
      args: ['jobs', 'create', file(`${place}-long.json`)],
      says: /polite-\w+/,
      keep: (output) => (long = /job_\w+/.exec(output)![0]),
      until: async () => {
        writeFileSync(file(`${place}-long.json`), JSON.stringify(job(`polite-${place}`, 100_000)));
        return true;
      },
    },
    { args: ['jobs', 'list'], says: /job_/ },
    {
      args: ['jobs', 'pause', () => long],
      says: /polite/,
      until: async () => (await status()) === 'running',
    },
    {
      args: ['jobs', 'resume', () => long],
      says: /polite/,
      until: async () => (await status()) === 'paused',
    },
    { args: ['jobs', 'cancel', () => long], says: /polite/ },
    { args: ['publish', `${versions}@3`], says: /@default is version 3/ },
    { args: ['rollback', versions], says: /is version 2 again, in place of 3/ },
    place === 'pipe'
      ? { args: ['rm', `${versions}@1`, '--yes'], says: /deleted/ }
      : { args: ['rm', `${versions}@1`], says: /deleted/, typed: ['[y/N]', 'y\r'] },
    { args: ['inspect', graph], says: /ONNX/ },
    { args: ['import', graph, '--name', 'steps', ...own], says: /steps/ }, // prettier-ignore
    {
      args: ['pull', () => `http://127.0.0.1:${(site.address() as AddressInfo).port}/step.onnx`, ...own],
      says: /pulled step@1/,
    },
    { args: ['train', file(`${place}.json`), ...own], says: /published polite-\w+@1/ },
    { args: ['quantize', `polite-${place}`, '--precision', 'int8', '--data', file('data.jsonl'), ...own], says: /int8/ }, // prettier-ignore
    { args: ['keys', 'create', 'bob', ...keys], says: /unroll_/ },
    { args: ['keys', 'list', ...keys], says: /bob/ },
    { args: ['keys', 'revoke', 'bob', ...keys], says: /bob/ },
  ];
}

const environment = () => ({ PATH: process.env['PATH'], TERM: 'xterm', UNROLL_SERVER: server.url });

async function run(place: Place, args: string[], typed?: Step['typed']) {
  const env = environment();
  const command = [program, ...args];
  if (place === 'pipe') return runProgram(process.execPath, command, { env });
  return runInTerminal(process.execPath, command, { env, ...(typed && { typed: [typed] }) });
}

describe.each(places)('in a %s', (place) => {
  it('every command does what it is for', async () => {
    for (const { args, says, typed, until: ready, keep } of steps(place)) {
      if (ready) await until(ready, 30_000);
      const given = args.map((arg) => (typeof arg === 'string' ? arg : arg()));
      const { code, output } = await run(place, given, typed);
      expect(stripVTControlCharacters(output), given.join(' ')).toMatch(says);
      expect(code, `${given.join(' ')}: ${output}`).toBe(0);
      if (place === 'pipe') expect(output, given.join(' ')).not.toContain('\u{1b}');
      keep?.(output);
    }
  }, 300_000);
});

it('unroll serve ends at Ctrl-C on a terminal', async () => {
  const args = ['serve', '--port', '0', '--models', folder.path, '--data', file('data')];
  const { code } = await run('terminal', args, ['/docs', ctrlC]);
  expect(code).toBe(0);
});

it('leaves out no command', () => {
  const listPaths = (command: Command, path = ''): string[] =>
    command.commands.flatMap((one) =>
      one.commands.length === 0 ? [`${path}${one.name()}`] : listPaths(one, `${path}${one.name()} `),
    );
  // demo.test.ts, the server of every test, test/e2e/redis-jobs
  const elsewhere = ['demo', 'serve', 'train-worker'];
  const run = places.flatMap((place) =>
    steps(place).map(({ args: [first, second] }) => [String(first), `${String(first)} ${String(second)}`]),
  );
  const known = new Set([...elsewhere, ...run.flat()]);
  expect(listPaths(buildProgram()).filter((path) => !known.has(path))).toEqual([]);
});
