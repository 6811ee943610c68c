import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder, tokens } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

interface Usage {
  steps: number;
  unknown: number;
  queued_ms: number;
  run_ms: number;
}
interface Classified {
  model: string;
  version: number;
  usage: Usage;
  predictions: { label: string; score: number; top: { label: string; score: number }[] }[];
}
interface Tagged {
  predictions: { tokens: { text: string; label: string; score: number; start: number; end: number }[] }[];
}
interface Generated {
  usage: Usage;
  generations: {
    text: string;
    finish_reason: string;
    tokens: number;
    logprobs?: { text: string; id: number; logprob: number; top: object[] }[];
  }[];
}

const folder = modelFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path);
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

describe('a server answers', () => {
  it('classify with as many labels as asked for, the best first', async () => {
    const reply = await server.ask<Classified>('/v1/models/classifier/classify', {
      input: 'hello',
      top_k: 2,
    });
    expect(reply).toMatchObject({ model: 'classifier', version: 1, usage: { steps: 5, unknown: 0 } });
    const [prediction] = reply.predictions;
    expect(prediction!.top).toHaveLength(2);
    expect(prediction!.top[0]).toEqual({ label: prediction!.label, score: prediction!.score });
    expect(prediction!.top[0]!.score).toBeGreaterThanOrEqual(prediction!.top[1]!.score);
  });

  it('a list in its order, with the same bits as one by one', async () => {
    const input = Array.from(
      { length: 40 },
      (_, i) => 'the quick brown fox jumps'.slice(0, 1 + (i % 25)) + 'x'.repeat(i),
    );
    const together = await server.ask<Classified>('/v1/models/classifier/classify', { input });
    for (const [i, one] of input.entries()) {
      const alone = await server.ask<Classified>('/v1/models/classifier/classify', { input: one });
      expect(together.predictions[i]).toEqual(alone.predictions[0]);
    }
  });

  it('counts characters outside the vocabulary', async () => {
    const { usage } = await server.ask<Classified>('/v1/models/classifier/classify', { input: 'añb漢' });
    expect(usage.unknown).toBe(2);
    expect(usage.steps).toBe(4);
  });

  it('tag with the place of every token', async () => {
    const text = 'a😀กé.';
    const reply = await server.ask<Tagged>('/v1/models/tagger/tag', { input: [text, 'b'] });
    expect(reply.predictions).toHaveLength(2);
    const [first] = reply.predictions;
    expect(first!.tokens.map((token) => token.text)).toEqual(['a', '😀', 'ก', 'é', '.']);
    for (const token of first!.tokens) {
      expect(text.slice(token.start, token.end)).toBe(token.text);
      expect(['red', 'green', 'blue']).toContain(token.label);
      expect(token.score).toBeGreaterThan(1 / 3 - 1e-6);
    }
  });

  it('predict a row a step, or one where the network ends in a pool', async () => {
    type Reply = { predictions: { output: number[] | number[][] }[] };
    const rows = await server.ask<Reply>('/v1/models/numbers/predict', { input: [[0, 1], [2, 3], [4, 5]] }); // prettier-ignore
    expect(rows.predictions[0]!.output).toHaveLength(3);
    expect((rows.predictions[0]!.output as number[][])[0]).toHaveLength(2);
    const one = await server.ask<Reply>('/v1/models/numbers/predict', { input: [0, 1] });
    expect(one.predictions[0]!.output).toEqual([(rows.predictions[0]!.output as number[][])[0]]);
    const pooled = await server.ask<Reply>('/v1/models/total/predict', { input: [1, 2, 3] });
    expect(pooled.predictions[0]!.output).toHaveLength(1);
    const listed = await server.ask<Reply>('/v1/models/total/predict', { input: [[[1], [2], [3]], [[4]]] });
    expect(listed.predictions).toHaveLength(2);
    expect(listed.predictions[0]).toEqual(pooled.predictions[0]);
  });

  it('embed from a model of any task, in the bits of its state', async () => {
    const { embeddings } = await server.ask<{ embeddings: number[][] }>('/v1/models/classifier/embed', {
      input: ['ab', 'abc'],
    });
    expect(embeddings.map((row) => row.length)).toEqual([24, 24]);
    for (const value of embeddings.flat()) expect(Math.fround(value)).toBeCloseTo(value, 6);
    const again = await server.ask<{ embeddings: number[][] }>('/v1/models/classifier/embed', {
      input: 'abc',
    });
    expect(again.embeddings[0]!.map(Math.fround)).toEqual(embeddings[1]!.map(Math.fround));
  });

  it('generate from a prompt or without one, n times, with log-probabilities', async () => {
    const body = { prompt: 'ab', max_tokens: 20, seed: 5, n: 3, logprobs: 2 };
    const { generations, usage } = await server.ask<Generated>('/v1/models/writer/generate', body);
    expect(generations).toHaveLength(3);
    expect(new Set(generations.map(({ text }) => text)).size).toBe(3);
    for (const { text, logprobs, finish_reason, tokens: count } of generations) {
      expect(count).toBe(20);
      expect(finish_reason).toBe('length');
      expect(logprobs!.map((token) => token.text).join('')).toBe(text);
      for (const { top, id, text: shown } of logprobs!) {
        expect(top).toHaveLength(2);
        expect(tokens[id]).toBe(shown);
      }
    }
    expect(usage.steps).toBeGreaterThanOrEqual(3 * 20);
    const free = await server.ask<Generated>('/v1/models/writer/generate', { max_tokens: 5 });
    expect([...free.generations[0]!.text]).toHaveLength(5);
  });

  it('the same text for the same seed, alone and among concurrent requests', async () => {
    const body = { prompt: 'The ', max_tokens: 60, seed: 99, temperature: 0.9, top_p: 0.95 };
    const alone = await server.ask<Generated>('/v1/models/writer/generate', body);
    const others = Array.from({ length: 60 }, (_, seed) =>
      server.ask<Generated>('/v1/models/writer/generate', {
        ...body,
        prompt: 'x'.repeat(seed),
        seed,
        max_tokens: 30 + seed,
      }),
    );
    const together = await server.ask<Generated>('/v1/models/writer/generate', body);
    await Promise.all(others);
    expect(together.generations[0]!.text).toBe(alone.generations[0]!.text);
  });

  it('ends a text before a stop string', async () => {
    const body = { max_tokens: 400, seed: 1 };
    const whole = (await server.ask<Generated>('/v1/models/writer/generate', body)).generations[0]!.text;
    const stop = whole.slice(50, 53);
    const { generations } = await server.ask<Generated>('/v1/models/writer/generate', { ...body, stop });
    expect(generations[0]!.text).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(generations[0]!.finish_reason).toBe('stop');
  });
});

describe('the models it lists', () => {
  it('have OpenAI’s shape', async () => {
    const list = (await (await server.get('/v1/models')).json()) as {
      object: string;
      data: Record<string, unknown>[];
    };
    expect(list.object).toBe('list');
    expect(list.data.map(({ id }) => id)).toEqual(['classifier', 'numbers', 'tagger', 'total', 'writer']);
    for (const model of list.data)
      expect(model).toMatchObject({ object: 'model', owned_by: 'unroll', ready: true, version: 1 });
  });

  it('list their layers, state, kernel, and whether they are causal', async () => {
    const show = async (name: string) =>
      (await (await server.get(`/v1/models/${name}`)).json()) as Record<string, unknown>;
    expect(await show('writer@1')).toMatchObject({ task: 'generate', causal: true, state_floats: 96 });
    const tagger = await show('tagger');
    expect(tagger).toMatchObject({ causal: false, labels: ['red', 'green', 'blue'] });
    expect((tagger['kernel'] as { path: string }).path).toMatch(/^(plain|revectorised)$/);
    expect((tagger['layers'] as object[]).length).toBe(3);
  });
});
