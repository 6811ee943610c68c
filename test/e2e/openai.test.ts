import OpenAI, { APIError, BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder, tokens } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// OpenAI's own client against a real server.

const folder = modelFolder(['writer', 'classifier', 'numbers']);
let server: ServerProcess;
let client: OpenAI;
const connectTo = ({ url }: ServerProcess, options: object = {}): OpenAI =>
  new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, ...options });
beforeAll(async () => {
  server = await startServer(folder.path, {
    WORKERS: 1,
    SLOTS: 4,
    MAX_TOKENS: 1_000_000,
    MAX_STEPS: 200_000,
    MAX_REQUEST_STEPS: 10_000_000,
  });
  client = connectTo(server);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const toIds = (text: string): number[] => Array.from(text, (letter) => tokens.indexOf(letter));

interface Generation {
  readonly text: string;
  readonly finish_reason: string;
  readonly logprobs: { text: string; logprob: number; top: { text: string; logprob: number }[] }[];
}
const generate = async (body: object): Promise<Generation[]> =>
  (await server.ask<{ generations: Generation[] }>('/v1/models/writer/generate', body)).generations;
const isIdle = async (): Promise<boolean> =>
  (await server.metric('unroll_sequences_active')) + (await server.metric('unroll_sequences_waiting')) === 0;

/** The error of a call that is refused. */
const refused = async (call: Promise<unknown>): Promise<APIError> => {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(APIError);
  return error as APIError;
};

describe('completions', () => {
  const settings = { max_tokens: 12, seed: 7, temperature: 0.9, top_p: 0.95, n: 2 };

  it('have the texts and scores of /v1/models/{m}/generate, for each form of prompt', async () => {
    const texts = await generate({ ...settings, prompt: ['Call', 'me'], logprobs: 2 });
    for (const prompt of [['Call', 'me'], ['Call', 'me'].map(toIds)]) {
      const { choices, usage, model, object } = await client.completions.create({
        ...settings,
        model: 'writer',
        prompt,
        logprobs: 2,
      });
      expect({ model, object }).toEqual({ model: 'writer@1', object: 'text_completion' });
      // the start token is counted
      expect(usage).toEqual({ prompt_tokens: 8, completion_tokens: 48, total_tokens: 56 });
      expect(choices.map(({ text }) => text)).toEqual(texts.map(({ text }) => text));
      for (const [i, { index, logprobs, finish_reason: finish }] of choices.entries()) {
        const expected = texts[i]!;
        expect([index, finish]).toEqual([i, expected.finish_reason]);
        expect(logprobs!.tokens).toEqual(expected.logprobs.map(({ text }) => text));
        expect(logprobs!.token_logprobs).toEqual(expected.logprobs.map(({ logprob }) => logprob));
        expect(logprobs!.text_offset).toEqual(expected.logprobs.map((_, at) => at));
        for (const [at, { top, text, logprob }] of expected.logprobs.entries())
          expect(logprobs!.top_logprobs![at]).toEqual({
            ...Object.fromEntries(top.map((one) => [one.text, one.logprob])),
            [text]: logprob,
          });
      }
    }
    const [alone] = (await client.completions.create({ ...settings, model: 'writer', prompt: toIds('me') }))
      .choices;
    expect(alone!.text).toBe(texts[2]!.text);
  });

  it('have 16 tokens by default, begin with the prompt where it is asked for, and end before a stop text', async () => {
    const [native] = await generate({ prompt: 'ab', seed: 3, max_tokens: 16 });
    const ask = { model: 'writer', prompt: 'ab', seed: 3 };
    const plain = await client.completions.create({ ...ask, echo: true, suffix: null, logit_bias: {} });
    expect(plain.choices).toEqual([
      { text: `ab${native!.text}`, index: 0, finish_reason: 'length', logprobs: null },
    ]);
    const stop = Array.from(native!.text)[5]!;
    const stopped = await client.completions.create({ ...ask, stop });
    expect(stopped.choices[0]).toMatchObject({
      text: native!.text.slice(0, native!.text.indexOf(stop)),
      finish_reason: 'stop',
    });
  });

  it('stream the same texts, then a finish reason for each, then the usage', async () => {
    const body = { ...settings, model: 'writer', prompt: ['Call', 'me'], logprobs: 1 };
    const { choices, usage } = await client.completions.create(body);
    const stream = await client.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    for (const { index, text, logprobs, finish_reason: finish } of choices) {
      const mine = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index);
      expect(mine.map((choice) => choice.text).join('')).toBe(text);
      expect(mine.flatMap((choice) => choice.logprobs?.tokens ?? [])).toEqual(logprobs!.tokens);
      expect(mine.flatMap((choice) => choice.logprobs?.text_offset ?? [])).toEqual(logprobs!.text_offset);
      expect(mine.map((choice) => choice.finish_reason).filter((reason) => reason !== null)).toEqual([
        finish,
      ]);
    }
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it('free their slots when the client stops reading, or aborts', async () => {
    const long = { model: 'writer', prompt: 'x', max_tokens: 1_000_000 } as const;
    let read = 0;
    for await (const chunk of await client.completions.create({ ...long, n: 2, stream: true })) {
      expect(chunk.choices).toHaveLength(1);
      if (++read === 50) break;
    }
    await until(isIdle);
    const abort = new AbortController();
    const answer = client.completions.create(long, { signal: abort.signal });
    await until(async () => (await server.metric('unroll_sequences_active')) === 1);
    abort.abort();
    await expect(answer).rejects.toThrow('aborted');
    await until(isIdle);
    expect(read).toBe(50);
  });

  it('that fail in the middle of a stream throw the error', async () => {
    const late = {
      model: 'writer',
      prompt: 'x',
      max_tokens: 1_000_000,
      stream: true,
      timeout_ms: 300,
    } as const;
    const stream = await client.completions.create(late);
    let read = 0;
    const error = await refused(
      (async () => {
        for await (const chunk of stream) read += chunk.choices.length;
      })(),
    );
    expect(error).toMatchObject({ code: 'deadline_exceeded', type: 'server_error' });
    expect(read).toBeGreaterThan(0);
  });

  it.each<[string, object, string | null]>([
    ['suffix', { suffix: 'x' }, 'suffix'],
    ['logit_bias', { logit_bias: { 5: 1 } }, 'logit_bias'],
    ['presence_penalty', { presence_penalty: 0.5 }, 'presence_penalty'],
    ['best_of other than n', { best_of: 3, n: 2 }, 'best_of'],
    ['log-probabilities of the prompt', { echo: true, logprobs: 1 }, 'echo'],
    ['stream_options without a stream', { stream_options: { include_usage: true } }, 'stream_options'],
    ['a parameter of another API', { messages: [] }, 'messages'],
    ['an id outside the vocabulary', { prompt: [1, 1e9] }, 'prompt'],
    ['mixed prompts', { prompt: ['a', 1] }, 'prompt[1]'],
    ['more tokens than the limit', { max_tokens: 2_000_000 }, 'max_tokens'],
    ['more work than the limit', { max_tokens: 1_000_000, n: 20 }, 'max_tokens'],
    ['a model of another task', { model: 'classifier' }, 'model'],
  ])('refuse %s and name it', async (_, change, param) => {
    const body = { model: 'writer', prompt: 'a', max_tokens: 3, ...change };
    const error = await refused(client.completions.create(body));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ param, type: 'invalid_request_error' });
    expect(error.message).toContain(param);
  });
});

describe('models', () => {
  it('are listed and shown as the client expects them', async () => {
    const models = await Array.fromAsync(client.models.list());
    expect(models.map(({ id }) => id)).toEqual(['classifier', 'numbers', 'writer']);
    for (const model of models)
      expect(model).toMatchObject({
        object: 'model',
        created: expect.any(Number) as number,
        owned_by: 'unroll',
      });
    expect(await client.models.retrieve('writer@1')).toMatchObject({ id: 'writer', object: 'model' });
  });

  it('that do not exist are a NotFoundError of every route', async () => {
    const calls = [
      () => client.models.retrieve('nobody'),
      () => client.completions.create({ model: 'nobody', prompt: 'a' }),
      () => client.embeddings.create({ model: 'nobody', input: 'a' }),
    ];
    for (const call of calls) {
      const error = await refused(call());
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ param: 'model', code: 'model_not_found' });
    }
  });
});

describe('embeddings', () => {
  const native = async (model: string, input: unknown): Promise<number[][]> =>
    (await server.ask<{ embeddings: number[][] }>(`/v1/models/${model}/embed`, { input })).embeddings;

  it('have the numbers of /v1/models/{m}/embed, as text and exactly in base64', async () => {
    const input = ['ab', 'cde'];
    const vectors = await native('classifier', input);
    const ask = { model: 'classifier', input };
    const floats = await client.embeddings.create({ ...ask, encoding_format: 'float', dimensions: 24 });
    expect(floats.data.map(({ embedding }) => embedding)).toEqual(vectors);
    expect(floats.usage).toEqual({ prompt_tokens: 5, total_tokens: 5 });
    // the client asks for base64 by itself
    const exact = await client.embeddings.create(ask);
    expect(exact.data.map(({ embedding }) => embedding)).toEqual(
      vectors.map((vector) => vector.map((value) => Math.fround(value))),
    );
    expect(exact.data.map(({ index }) => index)).toEqual([0, 1]);
  });

  it('take ids of texts, and numbers of numeric models', async () => {
    const ids = ['ab', 'cde'].map(toIds);
    const ask = async (model: string, input: number[] | number[][]): Promise<number[][]> => {
      const reply = await client.embeddings.create({ model, input, encoding_format: 'float' });
      return reply.data.map(({ embedding }) => embedding);
    };
    expect(await ask('classifier', ids)).toEqual(await native('classifier', ['ab', 'cde']));
    expect(await ask('classifier', ids[1]!)).toEqual(await native('classifier', 'cde'));
    const rows = [[1, 2], [3, 4]]; // prettier-ignore
    expect(await ask('numbers', rows)).toEqual(await native('numbers', rows));
  });

  it.each<[string, object, string]>([
    ['other dimensions', { dimensions: 8 }, 'dimensions'],
    ['an unknown format', { encoding_format: 'int8' }, 'encoding_format'],
    ['an id outside the vocabulary', { input: [[1], [99_999]] }, 'input[1]'],
    ['an id that is no whole number', { input: [0.5] }, 'input'],
    ['a list without ids', { input: [[], [1]] }, 'input[0]'],
    ['ids mixed with texts', { input: [[1], ['a']] }, 'input[1]'],
    ['no input', { input: [] }, 'input'],
  ])('refuse %s and name it', async (_, change, param) => {
    const body = { model: 'classifier', input: 'a', ...change } as OpenAI.EmbeddingCreateParams;
    const error = await refused(client.embeddings.create(body));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error.param).toBe(param);
  });
});

it('says what to use in place of routes that are not here', async () => {
  const calls: [() => Promise<unknown>, RegExp][] = [
    [() => client.chat.completions.create({ model: 'writer', messages: [] }), /v1\/completions/],
    [() => client.responses.create({ model: 'writer', input: 'a' }), /v1\/completions/],
    [() => client.moderations.create({ input: 'a' }), /classify/],
    [() => client.images.generate({ prompt: 'a' }), /nothing in its place/],
  ];
  for (const [call, advice] of calls) {
    const error = await refused(call());
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.message).toMatch(advice);
  }
});

it('is asked again after retry-after while it is overloaded', async () => {
  const small = await startServer(folder.path, {
    WORKERS: 1,
    SLOTS: 1,
    QUEUE: 1,
    MAX_TOKENS: 50_000,
    MAX_EXPECTED_MS: 3_600_000,
  });
  const abort = new AbortController();
  const statuses: [number, string | null][] = [];
  const blocking = connectTo(small, { maxRetries: 0 });
  const blocked = ['one', 'two'].map(async (prompt) => {
    const body = { model: 'writer', prompt, max_tokens: 50_000, stream: true } as const;
    for await (const { choices } of await blocking.completions.create(body, { signal: abort.signal }))
      if (choices.length === 0) return;
  });
  await until(async () => (await small.metric('unroll_sequences_active')) === 2, 30_000);
  const patient = connectTo(small, {
    maxRetries: 10,
    fetch: async (url: string, init: RequestInit) => {
      const reply = await fetch(url, init);
      statuses.push([reply.status, reply.headers.get('retry-after')]);
      abort.abort();
      return reply;
    },
  });
  const { choices } = await patient.completions.create({ model: 'writer', prompt: 'a', max_tokens: 5 });
  expect(choices).toHaveLength(1);
  expect(statuses[0]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  expect(statuses.at(-1)).toEqual([200, null]);
  await Promise.allSettled(blocked);
  expect(await small.stop()).toBe(0);
});
