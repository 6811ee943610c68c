import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { errorCodes } from '../../src/errors.ts';
import { modelFolder } from '../e2e/model-folder.ts';
import { startServer, type ServerProcess } from '../e2e/server-process.ts';

// Whatever is sent, the answer is an answer or a problem with a known code, never a failure of the server's.

const folder = modelFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { MAX_STEPS: 500, MAX_INPUTS: 8, MAX_TOKENS: 50 });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

const tasks = ['classify', 'tag', 'predict', 'generate', 'embed'] as const;
const names = [
  'classifier',
  'tagger',
  'writer',
  'numbers',
  'total',
  'nobody',
  'classifier@1',
  'a/b',
  '%',
  '..',
  '@',
  'classifier@1e1',
];

/** Values that look like what a field takes, and some that do not. */
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(null, [], {}, [[]], [[[]]], [''], [[], [1]], [1, 'a'], -0, 1e308, 2 ** 53),
  fc.array(fc.array(fc.double({ noNaN: true }), { maxLength: 3 }), { maxLength: 4 }),
  fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 10 }),
  fc.jsonValue({ maxDepth: 4 }),
);
const fields = ['input', 'prompt', 'top_k', 'stream', 'timeout_ms', 'max_tokens', 'temperature', 'top_p', 'min_p', 'repetition_penalty', 'frequency_penalty', 'seed', 'stop', 'logprobs', 'n', '__proto__', 'constructor']; // prettier-ignore
const almostValid = fc
  .record({
    base: fc.constantFrom(
      { input: 'abc' },
      { input: [[1, 2]] },
      { input: [1] },
      { prompt: 'a', max_tokens: 3 },
      {},
    ),
    changes: fc.array(fc.tuple(fc.constantFrom(...fields), value), { maxLength: 3 }),
  })
  .map(({ base, changes }) => ({ ...base, ...Object.fromEntries(changes) }));
const body = fc.oneof(
  { weight: 6, arbitrary: almostValid.map((one) => JSON.stringify(one)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);

it('every body gets an answer or a problem with a known code', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.constantFrom(...tasks), body, async (name, task, sent) => {
      const reply = await server.post(
        `/v1/models/${name.includes('%') ? name : encodeURIComponent(name)}/${task}`,
        sent,
      );
      const text = await reply.text();
      if (reply.status === 200) {
        if (reply.headers.get('content-type')!.startsWith('text/event-stream'))
          expect(text).toMatch(/event: done\n.*\n\n$/);
        else expect(JSON.parse(text)).toHaveProperty('usage');
        return;
      }
      const problem = JSON.parse(text) as {
        code: (typeof errorCodes)[number];
        status: number;
        detail: string;
      };
      expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(errorCodes).toContain(problem.code);
      expect(problem.code).not.toBe('internal');
      expect(problem.status).toBe(reply.status);
      expect(problem.detail).not.toBe('');
    }),
    { numRuns: 500 },
  );
  expect(await server.metric('unroll_worker_restarts_total')).toBe(0);
  expect((await server.get('/v2/health/ready')).status).toBe(200);
});
