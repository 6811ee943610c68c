import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { serveApp, type ServedApp } from '../served-app.ts';

let served: ServedApp;
beforeAll(async () => {
  served = await serveApp();
});
afterAll(() => served.close());

const input = [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['abc'] }];

it.each([
  ['classifier', {}],
  ['writer', { max_tokens: 3 }],
])('a request for inference acquires its model once: %s', async (model, parameters) => {
  const acquire = vi.spyOn(served.repository, 'acquire');
  const list = vi.spyOn(served.repository, 'list');
  const reply = await served.app.inject({
    method: 'POST',
    url: `/v2/models/${model}/infer`,
    payload: { inputs: input, parameters },
  });
  expect(reply.statusCode).toBe(200);
  expect(acquire.mock.calls).toEqual([[model]]);
  expect(list).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

it('a request for inference counts once, also where its settings are refused', async () => {
  const counts = () => {
    const { success, fail } = served.repository
      .list()
      .find(({ name }) => name === 'writer')!
      .statistics.report();
    return [success.count, fail.count];
  };
  const [success, fail] = counts();
  const ask = (parameters: object) =>
    served.app.inject({
      method: 'POST',
      url: '/v2/models/writer/infer',
      payload: { inputs: input, parameters },
    });
  expect((await ask({ max_tokens: 2 })).statusCode).toBe(200);
  expect((await ask({ max_tokens: 0.5 })).statusCode).toBe(400);
  expect(counts()).toEqual([success! + 1, fail! + 1]);
});
