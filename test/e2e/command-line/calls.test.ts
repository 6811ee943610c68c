import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from '../model-folder.ts';
import { startServer, type ServerProcess } from '../server-process.ts';
import { ctrlC, ctrlD, runInTerminal } from '../../support/run-in-terminal.ts';
import { runProgram } from '../../support/run-program.ts';

const program = join(import.meta.dirname, '../../../bin/unroll.js');
const folder = modelFolder(['classifier', 'tagger', 'writer', 'numbers']);
const files = mkdtempSync(join(tmpdir(), 'unroll-command-line-'));
let server: ServerProcess;
beforeAll(async () => {
  // the machine may be busy with other tests
  server = await startServer(folder.path, { MAX_EVENT_LOOP_DELAY_MS: 0 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
  rmSync(files, { recursive: true });
});

const environment = () => ({ PATH: process.env['PATH'], TERM: 'xterm', UNROLL_SERVER: server.url });
/** Without a server, so that models are called in the process of the command. */
const alone = () => ({
  PATH: process.env['PATH'],
  TERM: 'xterm',
  UNROLL_PORT: '9',
  UNROLL_MODELS: folder.path,
});
const unroll = (args: string[], input?: string, env: NodeJS.ProcessEnv = environment()) =>
  runProgram(process.execPath, [program, ...args], { env, ...(input !== undefined && { input }) });
const json = async <T>(args: string[]): Promise<T> => {
  const { code, output } = await unroll([...args, '--json']);
  expect(output, args.join(' ')).toMatch(/^[{[]/);
  expect(code).toBe(0);
  return JSON.parse(output) as T;
};

describe('unroll list, show and ps', () => {
  it('show the models of a server', async () => {
    const { output } = await unroll(['list']);
    expect(output).toMatch(/^classifier@1 +classify +1 +ready$/m);
    expect((await unroll(['show', 'writer'])).output).toMatch(/^task +generate$/m);
    expect(await json(['show', 'classifier@1'])).toMatchObject({
      id: 'classifier',
      labels: ['red', 'green', 'blue'],
    });
    expect(await unroll(['show', 'nobody'])).toMatchObject({
      code: 1,
      output: expect.stringContaining('there is no model nobody') as string,
    });
    expect(await json(['ps'])).toMatchObject({ server: server.url, sessions: [], jobs: [] });
    expect((await unroll(['ps'])).output).toContain('sequences');
  });

  it('give in a process of their own what a server gives', async () => {
    const [there, here] = [await unroll(['list', '--json']), await unroll(['list', '--json'], '', alone())];
    expect(JSON.parse(here.output)).toEqual(JSON.parse(there.output));
    expect((await unroll(['list'], '', { ...alone(), UNROLL_MODELS: files + '/none' })).output).toContain(
      'there is no server at http://127.0.0.1:9, and no folder',
    );
  });
});

describe('unroll run', () => {
  it('prints JSON in a pipe, text where it is asked to, the same with and without a server', async () => {
    const reply = await unroll(['run', 'classifier', 'hello']);
    const { predictions } = JSON.parse(reply.output) as { predictions: object[] };
    const here = await unroll(['run', 'classifier', 'hello'], '', alone());
    expect((JSON.parse(here.output) as { predictions: object[] }).predictions).toEqual(predictions);
    expect((await unroll(['run', 'classifier', 'hello', '--text'])).output).toMatch(
      /^0\.\d{4} {2}(red|green|blue)$/m,
    );
  });

  it('answers each line of its input, and names those that are refused', async () => {
    const { code, output } = await unroll(['run', 'classifier', '-'], 'one\n\ntwo\n');
    expect(code).toBe(1);
    expect(output).toContain('line 2: input: the text has no characters');
    expect(output.split('\n').filter((line) => line.startsWith('{"model"'))).toHaveLength(2);
    expect((await unroll(['run', 'classifier'], 'one')).code).toBe(0);
    expect(await unroll(['run', 'classifier'], '')).toEqual({ code: 0, output: '' });
  });

  it('streams generated text: events in a pipe, the text on a terminal', async () => {
    const args = ['run', 'writer', 'ab', '--max-tokens', '5', '--seed', '3'];
    const events = (await unroll(args)).output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual([...Array<string>(5).fill('token'), 'done']);
    const text = events
      .slice(0, 5)
      .map(({ text }) => text)
      .join('');
    expect((await unroll([...args, '--text'])).output).toBe(`${text}\n`);
    expect((await unroll([...args, '--text', '--no-stream'])).output).toBe(`${text}\n`);
    const here = await unroll([...args, '--text'], '', alone());
    expect(here).toEqual({ code: 0, output: `${text}\n` });
  });

  it('takes numbers as JSON, and says what a model reads', async () => {
    expect((await unroll(['run', 'numbers', 'hello'])).output).toContain('must be rows of');
    expect((await unroll(['run', 'classifier', '["a", "b"]', '--json-input'])).output).toContain(
      '"predictions":[{',
    );
    expect((await unroll(['run', 'classifier', 'x', '--body', '[1]'])).output).toContain(
      '--body: must be a JSON object',
    );
    expect(await unroll(['run', 'classifier', 'x', '--beam-size', '2'])).toMatchObject({
      code: 1,
      output: expect.stringContaining('beam_size: there is no such field') as string,
    });
    expect((await unroll(['run', 'classifier', 'x', '--embed'])).output).toContain('"embeddings":[[');
  });

  it('asks for inputs on a terminal until the end of input, and goes on after a refusal', async () => {
    const { code, output } = await runInTerminal(process.execPath, [program, 'run', 'tagger'], {
      env: environment(),
      typed: [
        ['> ', 'ab\r'],
        ['> ', '\r'],
        ['> ', ctrlD],
      ],
    });
    expect(output).toMatch(/a b? *|a +\w+ +\d\.\d{4}/);
    expect(output).not.toContain('{"model"');
    expect(code).toBe(0);
  });

  it.each([
    ['at the prompt', ['run', 'writer'], '> '],
    ['while text is written', ['run', 'writer', 'ab', '--max-tokens', '4096'], ''],
    ['while a model is measured', ['bench', 'writer', '--seconds', '60'], 'for 60 s'],
  ] as const)('ends with 130 at Ctrl-C %s', async (_, args, after) => {
    const { code } = await runInTerminal(process.execPath, [program, ...args], {
      env: environment(),
      typed: [[after, ctrlC]],
    });
    expect(code).toBe(130);
  });

  it('ends well when its reader has seen enough', async () => {
    const command = `"${process.execPath}" "${program}" run writer ab --max-tokens 2000 | head -n 1`;
    const { output } = await runProgram('bash', ['--norc', '-o', 'pipefail', '-c', command], {
      env: environment(),
    });
    expect(output).toMatch(/^\{"event":"token"[^\n]*\n$/);
  });
});

describe('unroll session', () => {
  it('keeps, forks, rewinds, saves and loads a state', async () => {
    interface Session {
      readonly id: string;
      readonly position: number;
    }
    await json(['session', 'new', 'writer', '--id', 'one', '--keep-steps', '8', '--ttl', '60']);
    await json(['session', 'step', 'one', 'abc']);
    expect(await json(['session', 'mark', 'one', 'here'])).toMatchObject({
      marks: [{ name: 'here', position: 3 }],
    });
    const file = join(files, 'one.bin');
    await unroll(['session', 'save', 'one', file]);
    const args = [
      'session',
      'step',
      'one',
      '--generate',
      '4',
      '--body',
      '{"generate": {"max_tokens": 4, "seed": 1}}',
    ];
    const first = await json<{ generations: object[] }>(args);
    expect(await json(['session', 'rewind', 'one', '--mark', 'here'])).toMatchObject({ position: 3 });
    expect((await json<{ generations: object[] }>(args)).generations).toEqual(first.generations);
    expect(await json<Session>(['session', 'load', file, '--id', 'two'])).toMatchObject({
      id: 'two',
      position: 3,
    });
    expect(readFileSync(file).length).toBeGreaterThan(100);
    const forks = (await unroll(['session', 'fork', 'two', '--count', '2', '--json'])).output
      .trim()
      .split('\n');
    expect(forks).toHaveLength(2);
    expect((await unroll(['session', 'list'])).output).toMatch(/^two +writer@1 +3 /m);
    expect((await unroll(['session', 'show', 'two'])).output).toMatch(/^two +writer@1 +3 /m);
    expect((await unroll(['session', 'rm', 'two'])).output).toBe('two has ended\n');
    for (const [args, why] of [
      [['show', 'two'], 'there is no session two'],
      [['rewind', 'one', '--steps', '99'], 'steps: the session can be rewound by at most'],
      [['load', join(files, 'none')], 'ENOENT'],
      [['new', 'nobody'], 'there is no model nobody'],
    ] as const)
      expect(await unroll(['session', ...args])).toMatchObject({
        code: 1,
        output: expect.stringContaining(why) as string,
      });
  });
});

describe('unroll jobs', () => {
  it('creates a job from a file, follows it to its end, and shows it', async () => {
    const data = ['good day', 'hello', 'many thanks', 'thank you'].map((text, i) => ({
      text,
      label: i < 2 ? 'greeting' : 'thanks',
    }));
    writeFileSync(join(files, 'data.jsonl'), data.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const job = {
      model: 'polite',
      task: 'classify',
      network: {
        layers: [
          { type: 'embedding', units: 4 },
          { type: 'recurrent', cell: 'gru', units: 4 },
          { type: 'dense' },
        ],
      },
      data: { file: 'data.jsonl' },
      validation: { share: 0 },
      budget: { epochs: 3 },
      seed: 1,
    };
    writeFileSync(join(files, 'job.json'), JSON.stringify(job));
    const { code, output } = await unroll(['jobs', 'create', join(files, 'job.json'), '--follow']);
    expect(output).toContain('the job has succeeded');
    expect(code).toBe(0);
    const [id = ''] = /job_\w+/.exec(output) ?? [];
    expect(await json(['jobs', 'show', id])).toMatchObject({ status: 'succeeded', published: 'polite@1' });
    expect((await unroll(['jobs'])).output).toMatch(new RegExp(`^${id} +polite +classify +succeeded`, 'm'));
    expect(await unroll(['jobs', 'cancel', id])).toMatchObject({ code: 1 });
    expect((await unroll(['run', 'polite', 'hello'])).output).toContain('"label":');
    expect(await unroll(['jobs', 'create', join(files, 'none.json')])).toMatchObject({ code: 1 });
    writeFileSync(join(files, 'bad.json'), '[]');
    expect((await unroll(['jobs', 'create', join(files, 'bad.json')])).output).toContain(
      'must be a JSON object',
    );
  });
});

describe('unroll bench, doctor and config', () => {
  it('measures a model', async () => {
    expect(await json(['bench', 'classifier', '--seconds', '1', '--concurrency', '2'])).toMatchObject({
      model: 'classifier@1',
      concurrency: 2,
      cpu_ms_per_call: expect.any(Number) as number,
      p99_ms: expect.any(Number) as number,
    });
    expect((await unroll(['bench', 'nobody'])).code).toBe(1);
  });

  it('says whether a server can run, with exit code 1 where it cannot', async () => {
    const settings = { UNROLL_PORT: '0', UNROLL_MODELS: folder.path, UNROLL_DATA: files };
    const { code, output } = await unroll(['doctor'], '', { ...environment(), ...settings });
    expect(output).toMatch(/^✓ kernel +revectorised|^. kernel/m);
    expect(code).toBe(0);
    const taken = await unroll(['doctor', '--port', String(server.port)], '', {
      ...environment(),
      ...settings,
    });
    expect(taken).toMatchObject({
      code: 1,
      output: expect.stringContaining(`${server.port} is taken`) as string,
    });
    const wrong = await unroll(['doctor', '--port', 'x', '--json'], '', environment());
    expect(JSON.parse(wrong.output)).toEqual([
      { check: 'settings', level: 'bad', message: '--port: must be an integer from 0 to 65535, was "x"' },
    ]);
    expect(wrong.code).toBe(1);
  });
});
