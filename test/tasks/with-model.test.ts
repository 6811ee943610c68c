import { describe, expect, it } from 'vitest';
import { classify, classifyStream, generate, predict, tag, tagStream } from '../support/task-replies.ts';
import { call, collect, fakeContext, models } from './fake-context.ts';

describe('a model held by a task', () => {
  it('is refused when it has another task, with what to ask instead', async () => {
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

  it('is let go after an answer, an error, and a stream read or left', async () => {
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

  it('must be there', async () => {
    const asked = classify(fakeContext(models.classify()), call({ reference: 'none' }), {
      input: 'a',
      top_k: 1,
    });
    await expect(asked).rejects.toMatchObject({ code: 'model_not_found' });
  });
});
