import { describe, expect, it } from 'vitest';
import { classify, classifyStream, generate, predict, tag, tagStream } from '../support/task-replies.ts';
import { call, collect, fakeContext, models } from './fake-context.ts';

describe('a model leased by a request', () => {
  it('is refused when it has another task, with the route of its task', async () => {
    const context = fakeContext(models.classify());
    const wrong = [
      tag(context, call(), { input: 'a' }),
      predict(context, call(), { input: [1] }),
      generate(context, call(), {}),
      collect(tagStream(context, call(), { input: 'a' })),
    ];
    for (const asked of wrong)
      await expect(asked).rejects.toMatchObject({
        code: 'wrong_task',
        message: expect.stringContaining('POST /v1/models/colours/classify') as string,
      });
    expect(context.requests).toHaveLength(0);
    expect(context.leases()).toBe(0);
  });

  it('is released after a result, an error, and a stream that is read or left', async () => {
    const context = fakeContext(models.classify());
    await classify(context, call(), { input: 'a', top_k: 1 });
    await expect(classify(context, call(), { input: '', top_k: 1 })).rejects.toMatchObject({
      code: 'empty_input',
    });
    await collect(classifyStream(context, call(), { input: 'a', top_k: 1 }));
    for await (const _ of classifyStream(context, call(), { input: 'abc', top_k: 1 })) {
      expect(context.leases()).toBe(1);
      break;
    }
    expect(context.leases()).toBe(0);
    expect(context.open()).toBe(0);
  });

  it('must exist', async () => {
    const asked = classify(fakeContext(models.classify()), call({ reference: 'none' }), {
      input: 'a',
      top_k: 1,
    });
    await expect(asked).rejects.toMatchObject({ code: 'model_not_found' });
  });
});
