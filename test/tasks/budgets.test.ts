import { describe, expect, it } from 'vitest';
import { checkDecodeCost } from '../../src/tasks/decode-cost.ts';
import { resolveDecodeOptions, encodeTokenRules, type DecodeSettings } from '../../src/tasks/beam-options.ts';
import type { PreparedSequence } from '../../src/tasks/read-input.ts';
import { classify, generate, infer, predict, tag } from '../support/task-replies.ts';
import { call, fakeContext, models } from './fake-context.ts';

const ten = Array.from({ length: 10 }, () => [1, 2]);

/** Refused before any sequence is submitted. */
async function refusal(
  model: ReturnType<typeof models.classify>,
  limits: object,
  ask: (context: ReturnType<typeof fakeContext>) => Promise<unknown>,
): Promise<{ code: unknown; field: unknown; message: string }> {
  const context = fakeContext(model, { limits });
  try {
    await ask(context);
  } catch (error) {
    expect(context.requests).toHaveLength(0);
    expect(context.leases()).toBe(0);
    const { code, field, message } = error as { code: unknown; field: unknown; message: string };
    return { code, field, message };
  }
  throw new Error('it was taken');
}

describe('the steps of a request', () => {
  it('are those of all its inputs', async () => {
    const ask = (input: string[]) => (context: ReturnType<typeof fakeContext>) =>
      classify(context, call(), { input, top_k: 1 });
    const context = fakeContext(models.classify(), { limits: { maxRequestSteps: 5 } });
    await ask(['abc', 'ab'])(context);
    expect(await refusal(models.classify(), { maxRequestSteps: 5 }, ask(['abc', 'abc']))).toEqual({
      code: 'work_too_large',
      field: 'input',
      message: 'input: at most 5 steps in a request (UNROLL_MAX_REQUEST_STEPS), this takes 6',
    });
  });

  it('are those of prompts and tokens, for each of n', async () => {
    const limits = { maxRequestSteps: 47 };
    const ask = (max_tokens: number) => (context: ReturnType<typeof fakeContext>) =>
      generate(context, call(), { prompt: ['ab', 'a'], n: 2, max_tokens, seed: 1 });
    // start, a, b; start, a: five, twice
    await ask(9)(fakeContext(models.generate(), { limits }));
    expect(await refusal(models.generate(), limits, ask(10))).toMatchObject({
      code: 'work_too_large',
      field: 'max_tokens',
      message: expect.stringContaining('at most 47 steps') as string,
    });
  });

  it('are counted from the shape of a tensor before its rows are made', async () => {
    const input = {
      name: 'input',
      datatype: 'FP32',
      shape: [4, 20, 2],
      values: Array<number>(160).fill(1),
    } as const;
    const ask = (context: ReturnType<typeof fakeContext>): Promise<unknown> =>
      infer(context, call(), { inputs: [input], binary: false });
    for (const [limits, code] of [
      [{ maxInputs: 3 }, 'too_many_inputs'],
      [{ maxSteps: 19 }, 'sequence_too_long'],
      [{ maxRequestSteps: 79 }, 'work_too_large'],
      [{ maxReplyBytes: 80 * 2 * 14 - 1 }, 'reply_too_large'],
    ] as const)
      expect(await refusal(models.predict(), limits, ask)).toMatchObject({ code });
    await ask(fakeContext(models.predict(), { limits: { maxReplyBytes: 80 * 2 * 14 } }));
  });
});

describe('the bytes of a reply', () => {
  it.each<[string, ReturnType<typeof models.classify>, (context: never) => Promise<unknown>, string]>([
    [
      'labels',
      models.classify(),
      (context) => classify(context, call(), { input: ['a', 'b'], top_k: 4 }),
      'input',
    ],
    ['tagged tokens', models.tag(), (context) => tag(context, call(), { input: 'abcabcabc' }), 'input'],
    [
      'outputs of every step',
      models.predict(),
      (context) => predict(context, call(), { input: ten }),
      'input',
    ],
    [
      'tokens',
      models.generate(),
      (context) => generate(context, call(), { prompt: 'a', n: 4, max_tokens: 50 }),
      'max_tokens',
    ],
    [
      'alternatives',
      models.generate(),
      (context) => generate(context, call(), { prompt: 'a', max_tokens: 10, logprobs: 5 }),
      'logprobs',
    ],
  ])('are bounded: %s', async (_, model, ask, field) => {
    const limits = { maxReplyBytes: 250 };
    expect(await refusal(model, limits, ask as never)).toMatchObject({
      code: 'reply_too_large',
      field,
      message: expect.stringMatching(
        /: at most 250 bytes in a reply \(UNROLL_MAX_REPLY_BYTES\), this takes about \d+$/,
      ) as string,
    });
    await ask(fakeContext(model, { limits: { maxReplyBytes: 10_000 } }) as never);
  });

  it('are estimated at no less than the reply has', async () => {
    const context = fakeContext(models.predict());
    const { predictions } = await predict(context, call(), { input: ten });
    const bytes = JSON.stringify(predictions).length;
    const estimate = /takes about (\d+)/.exec(
      (
        await refusal(models.predict(), { maxReplyBytes: 1 }, (strict) =>
          predict(strict, call(), { input: ten }),
        )
      ).message,
    )![1];
    expect(Number(estimate)).toBeGreaterThan(bytes - 40);
    expect(Number(estimate)).toBeLessThan(3 * bytes);
  });
});

describe('what decoding costs', () => {
  const vocabulary = models.generate({ end: 7 }).vocabulary!;
  const layers = [{ type: 'attention' }];
  const model = {
    ...models.generate(),
    spec: { ...models.generate().spec, network: { layers } },
    target: vocabulary,
  } as never;
  const { limits } = fakeContext(models.generate(), {
    limits: { maxTokens: 10_000, maxRequestSteps: 1_000_000, maxReplyBytes: 1_000_000 },
  });
  const check = (settings: DecodeSettings, steps = 100, sources = 1): void => {
    const options = resolveDecodeOptions(model, settings, limits, encodeTokenRules(model, settings), steps);
    const all = Array.from({ length: sources }, (): PreparedSequence => ({
      values: new Int32Array(steps),
      steps,
      unknown: 0,
      tokens: [],
    }));
    const body = { input: '', ...settings };
    checkDecodeCost(
      model,
      all,
      body,
      all.map(() => options),
      limits,
    );
  };

  it('is bounded by beams × length × sources', () => {
    check({ beam_size: 10, max_length: 900 }, 100, 10);
    expect(() => check({ beam_size: 10, max_length: 1000 }, 100, 100)).toThrow(
      /^max_length: at most 1000000 steps .*, this takes 1011000$/,
    );
  });

  it('is bounded by the attention that a beam stores', () => {
    check({ beam_size: 10, max_length: 900, coverage_penalty: 1 }, 3000);
    expect(() => check({ beam_size: 10, max_length: 900, coverage_penalty: 1 }, 5000)).toThrow(
      /^max_length: at most 33554432 attention weights .*, was 45050000$/,
    );
  });

  it('is bounded by the attention that is returned', () => {
    check({ max_length: 300, return_attention: true });
    expect(() => check({ max_length: 500, return_attention: true })).toThrow(
      expect.objectContaining({ code: 'reply_too_large', field: 'return_attention' }),
    );
  });
});
