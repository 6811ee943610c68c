import { describe, expect, it } from 'vitest';
import { classify, classifyStream } from '../../../support/task-replies.ts';
import type { ClassifyReply } from '../../../../src/http/v1/json/classify.ts';
import { shortestFloat32 } from '../../../../src/http/float32-text.ts';
import { call, collect, fakeContext, labels, models, outputAt } from '../../../tasks/fake-context.ts';

const createScores = (ids: number[]) =>
  labels
    .map((label, k) => ({ label, score: shortestFloat32(Math.fround(outputAt(ids, 1, ids.length, k))) }))
    .sort((a, b) => b.score - a.score);

describe('classify', () => {
  it('gives a prediction for each input, in order, also for a single input', async () => {
    const context = fakeContext(models.classify());
    const one = await classify(context, call(), { input: 'abc', top_k: 2 });
    const best = createScores([1, 2, 3]);
    expect(one.predictions).toEqual([{ ...best[0], top: best.slice(0, 2) }]);
    const two = await classify(context, call(), { input: ['gg', 'abc'], top_k: 2 });
    expect(two.predictions).toHaveLength(2);
    expect(two.predictions[1]).toEqual(one.predictions[0]);
  });

  it('has the model, its version and the usage', async () => {
    const { model, version, usage } = await classify(fakeContext(models.classify()), call(), {
      input: ['aXb', 'YY'],
      top_k: 1,
    });
    expect({ model, version }).toEqual({ model: 'colours', version: 3 });
    // milliseconds of the sequence that waited longest
    expect(usage).toEqual({ steps: 5, unknown: 3, queued_ms: 1.12, run_ms: 2 });
  });

  it('reports at most the labels that exist, and none for top_k 0', async () => {
    const context = fakeContext(models.classify());
    const all = await classify(context, call(), { input: 'a', top_k: 99 });
    expect(all.predictions[0]!.top).toEqual(createScores([1]));
    const none = await classify(context, call(), { input: 'a', top_k: 0 });
    expect(none.predictions[0]).toEqual({ ...createScores([1])[0], top: [] });
  });

  it('reports independent scores of several labels, which need not sum to 1', async () => {
    const context = fakeContext(models.classify({ multiLabel: true }));
    const { predictions } = await classify(context, call(), { input: 'ab', top_k: 4 });
    expect(predictions[0]!.top).toEqual(createScores([1, 2]));
  });

  it('requests only the last step from the engine', async () => {
    const context = fakeContext(models.classify());
    await classify(context, call(), { input: 'abc', top_k: 1 });
    expect(context.requests[0]).toMatchObject({ steps: 'last', output: 'output' });
  });
});

describe('a stream of classify', () => {
  it('has an event for each step and ends with the plain reply', async () => {
    const context = fakeContext(models.classify());
    const events = await collect(classifyStream(context, call(), { input: 'abc', top_k: 2 }));
    expect(events.map(({ event }) => event)).toEqual(['step', 'step', 'step', 'done']);
    expect(events.slice(0, 3).map(({ data }) => data)).toEqual(
      [[1], [1, 2], [1, 2, 3]].map((ids, step) => {
        const best = createScores(ids);
        return { step, ...best[0], top: best.slice(0, 2) };
      }),
    );
    const plain = await classify(fakeContext(models.classify()), call(), { input: 'abc', top_k: 2 });
    expect(events.at(-1)!.data as ClassifyReply).toEqual(plain);
  });

  it('takes a single input', async () => {
    const stream = classifyStream(fakeContext(models.classify()), call(), { input: ['a', 'b'], top_k: 1 });
    await expect(collect(stream)).rejects.toMatchObject({ code: 'invalid_request', field: 'input' });
  });
});
