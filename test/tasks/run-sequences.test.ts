import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { classify, classifyStream } from '../support/task-replies.ts';
import { call, fakeContext, models } from './fake-context.ts';

afterEach(() => vi.restoreAllMocks());

const input = ['a', 'b', 'c'];

describe('the sequences of a list', () => {
  it('are all submitted before the first one ends', async () => {
    const all = Promise.withResolvers<void>();
    const context = fakeContext(models.classify(), {
      before(_, index) {
        if (index === 2) all.resolve();
        return all.promise;
      },
    });
    expect((await classify(context, call(), { input, top_k: 1 })).predictions).toHaveLength(3);
  });

  it('are cancelled when one of them fails, and the model is released after them', async () => {
    const ends: number[] = [];
    const context = fakeContext(models.classify(), {
      async before({ signal }, index) {
        if (index === 1) throw new UnrollError('overloaded', 'the queue is full');
        while (!signal!.aborted) await turn();
        await turn();
        expect(context.leases()).toBe(1);
        ends.push(index);
      },
    });
    await expect(classify(context, call(), { input, top_k: 1 })).rejects.toMatchObject({
      code: 'overloaded',
    });
    expect(ends).toEqual([0, 2]);
    expect(context.open()).toBe(0);
    expect(context.leases()).toBe(0);
  });

  it('are cancelled when the caller disconnects', async () => {
    const caller = new AbortController();
    const context = fakeContext(models.classify(), { before: () => caller.abort() });
    await expect(
      classify(context, call({ signal: caller.signal }), { input, top_k: 1 }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(context.requests.every(({ signal }) => signal!.aborted)).toBe(true);
  });

  it('are cancelled when the caller of a stream disconnects', async () => {
    const caller = new AbortController();
    const context = fakeContext(models.classify(), { before: () => caller.abort() });
    const stream = classifyStream(context, call({ signal: caller.signal }), { input: 'a', top_k: 1 });
    await expect(stream.next()).rejects.toMatchObject({ code: 'cancelled' });
    expect(context.leases()).toBe(0);
  });

  it('share one deadline: the requested one, else the default', async () => {
    const context = fakeContext(models.classify());
    vi.spyOn(performance, 'now').mockReturnValue(1_000_000);
    await classify(context, call({ timeoutMs: 5000 }), { input, top_k: 1 });
    await classify(context, call(), { input: 'a', top_k: 1 });
    const deadlines = context.requests.map(({ deadlineMs }) => deadlineMs - 1_000_000);
    expect(deadlines).toEqual([5000, 5000, 5000, 1000]);
  });

  it('may not have a timeout above the limit', async () => {
    const ask = classify(fakeContext(models.classify()), call({ timeoutMs: 5001 }), { input, top_k: 1 });
    await expect(ask).rejects.toMatchObject({ code: 'invalid_request', field: 'timeout_ms' });
  });
});
