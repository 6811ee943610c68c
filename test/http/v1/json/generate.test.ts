import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../../../src/errors.ts';
import { generate, generateStream } from '../../../support/task-replies.ts';
import type { GenerateReply } from '../../../../src/http/v1/json/generate.ts';
import { call, collect, fakeContext, models, tokens } from '../../../tasks/fake-context.ts';

describe('generate', () => {
  it('feeds the start id and then the prompt, or the start id alone', async () => {
    const context = fakeContext(models.generate());
    await generate(context, call(), { prompt: 'ab', max_tokens: 2 });
    await generate(context, call(), { max_tokens: 2 });
    expect(context.requests.map(({ input }) => [...input])).toEqual([[8, 1, 2], [8]]);
    expect(context.requests[0]!.generation).toMatchObject({ prompt: [8, 1, 2], maxTokens: 2 });
  });

  it('refuses an empty prompt for a model without a start id', async () => {
    const context = fakeContext(models.generate({ start: undefined }));
    for (const prompt of [undefined, ''])
      await expect(generate(context, call(), { prompt })).rejects.toMatchObject({
        code: 'empty_input',
        field: 'prompt',
      });
  });

  it('gives n choices for each prompt, in order, each with its own random numbers', async () => {
    const context = fakeContext(models.generate());
    const { generations, usage } = await generate(context, call(), {
      prompt: ['a', 'b!'],
      n: 2,
      seed: 4,
      max_tokens: 3,
    });
    expect(generations.map(({ text }) => text)).toEqual(
      [6, 7, 7, 8].map((from) => [0, 1, 2].map((i) => tokens[(from + i) % tokens.length]).join('')),
    );
    for (const { tokens: count, finish_reason: reason } of generations)
      expect({ count, reason }).toEqual({ count: 3, reason: 'length' });
    expect(usage).toMatchObject({ unknown: 1, steps: 2 * (2 + 3) + 2 * (3 + 3) });
  });

  it('gives a seeded prompt the same text in a list, with any n, as alone', async () => {
    const context = fakeContext(models.generate());
    await generate(context, call(), { prompt: 'b', seed: 4 });
    await generate(context, call(), { prompt: ['a', 'b'], n: 2, seed: 4 });
    const [alone, , , listed] = context.requests;
    expect(listed!.generation).toEqual(alone!.generation);
    expect(listed!.input).toEqual(alone!.input);
  });

  it('draws a seed for each prompt of a request without one', async () => {
    const context = fakeContext(models.generate());
    await generate(context, call(), { prompt: ['a', 'a'] });
    await generate(context, call(), { prompt: 'a' });
    expect(new Set(context.requests.map(({ generation }) => generation!.seed)).size).toBe(3);
  });

  it('reports log-probabilities when requested, also with 0 alternatives', async () => {
    const ask = async (logprobs?: number) => {
      const reply = await generate(fakeContext(models.generate()), call(), {
        logprobs,
        max_tokens: 1,
        seed: 0,
      });
      return reply.generations[0]!.logprobs;
    };
    const token = { text: 'a', id: 1, logprob: -0.1234568 };
    expect(await ask()).toBeUndefined();
    expect(await ask(0)).toEqual([{ ...token, top: [] }]);
    expect(await ask(1)).toEqual([{ ...token, top: [token] }]);
  });

  it('puts spaces between words, in the reply and in its stream', async () => {
    const model = models.generate({ vocabulary: 'words' });
    const body = { prompt: 'a b', seed: 0, max_tokens: 3 };
    const { generations } = await generate(fakeContext(model), call(), body);
    const events = await collect(generateStream(fakeContext(model), call(), body));
    const streamed = events.slice(0, -1).map(({ data }) => (data as { text: string }).text);
    expect(generations[0]!.text).toBe('c d e');
    expect(streamed.join('')).toBe('c d e');
  });

  it('refuses more texts than a request may have', async () => {
    const body = { prompt: ['a', 'b', 'c'], n: 2 };
    await expect(generate(fakeContext(models.generate()), call(), body)).rejects.toMatchObject({
      code: 'too_many_inputs',
      field: 'n',
    });
  });
});

describe('a stream of generate', () => {
  it('has an event for each token, then the plain reply with its finish reason', async () => {
    const body = { prompt: 'a', seed: 0, max_tokens: 2, logprobs: 1 };
    const context = fakeContext(models.generate(), { finish: 'stop' });
    const events = await collect(generateStream(context, call(), body));
    const plain = await generate(fakeContext(models.generate(), { finish: 'stop' }), call(), body);
    expect(events).toEqual([
      ...plain.generations[0]!.logprobs!.map((token) => ({ event: 'token', data: { ...token, choice: 0 } })),
      { event: 'done', data: { finish_reason: 'stop', ...plain } },
    ]);
  });

  it('interleaves choices and marks each token with its choice', async () => {
    const body = { prompt: 'a', n: 3, seed: 0, max_tokens: 4 };
    const events = await collect(generateStream(fakeContext(models.generate()), call(), body));
    const { generations } = events.at(-1)!.data as GenerateReply;
    expect(generations).toHaveLength(3);
    generations.forEach(({ text }, index) => {
      const mine = events.slice(0, -1).map(({ data }) => data as { choice: number; text: string });
      expect(
        mine
          .filter(({ choice }) => choice === index)
          .map((token) => token.text)
          .join(''),
      ).toBe(text);
    });
  });

  it('reports alternatives only when requested, and counts unknown tokens', async () => {
    const body = { prompt: 'aXY', max_tokens: 1, seed: 0 };
    const generateTokens = async (logprobs?: number): Promise<object[]> =>
      (await collect(generateStream(fakeContext(models.generate()), call(), { ...body, logprobs }))).map(
        ({ data }) => data as object,
      );
    expect((await generateTokens())[0]).not.toHaveProperty('top');
    expect((await generateTokens(1))[0]).toHaveProperty('top');
    expect((await generateTokens())[1]).toMatchObject({ usage: { unknown: 2 } });
  });

  it('cancels the other choices and releases the model when one choice fails', async () => {
    const context = fakeContext(models.generate(), {
      before(_, index) {
        if (index === 1) throw new UnrollError('deadline_exceeded', 'too late');
      },
    });
    const stream = generateStream(context, call(), { n: 3, max_tokens: 50 });
    await expect(collect(stream)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(context.requests).toHaveLength(3);
    expect(context.open()).toBe(0);
    expect(context.leases()).toBe(0);
  });

  it('numbers the choices of several prompts as in its result', async () => {
    const body = { prompt: ['a', 'bc'], n: 2, seed: 0, max_tokens: 4 };
    const context = fakeContext(models.generate());
    const events = await collect(generateStream(context, call(), body));
    const { generations } = events.at(-1)!.data as GenerateReply;
    expect(generations).toEqual((await generate(context, call(), body)).generations);
    generations.forEach(({ text }, index) => {
      const tokens = events.slice(0, -1).map(({ data }) => data as { choice: number; text: string });
      const mine = tokens.filter(({ choice }) => choice === index);
      expect(mine.map((token) => token.text).join('')).toBe(text);
    });
  });

  it('cancels every sequence and releases the model when its reader leaves', async () => {
    const context = fakeContext(models.generate());
    for await (const { event } of generateStream(context, call(), { n: 3, max_tokens: 50 })) {
      expect(event).toBe('token');
      expect(context.open()).toBe(3);
      break;
    }
    expect(context.open()).toBe(0);
    expect(context.leases()).toBe(0);
  });
});
