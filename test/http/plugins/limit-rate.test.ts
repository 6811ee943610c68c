import { expect, it } from 'vitest';
import { bearer, knownKeys } from '../key-ring.ts';
import { serveApp } from '../served-app.ts';

it('limits each key, wherever its requests come from', async () => {
  const authentication = knownKeys({ a: { scopes: ['infer'] }, b: { scopes: ['infer'] } });
  const served = await serveApp({ rateLimit: 2, authentication });
  const status = async (key: string, remoteAddress: string) =>
    (await served.app.inject({ method: 'GET', url: '/v1/models', headers: bearer(key), remoteAddress }))
      .statusCode;
  expect([await status('a', '10.0.0.1'), await status('a', '10.0.0.2'), await status('a', '10.0.0.3')]).toEqual([200, 200, 429]); // prettier-ignore
  expect(await status('b', '10.0.0.1')).toBe(200);
  await served.close();
});

it('limits each address, which only a trusted proxy may forward', async () => {
  const served = await serveApp({ rateLimit: 2, trustProxy: '10.0.0.1, 192.168.0.0/16' });
  const status = async (remoteAddress: string, forwarded: string) =>
    (
      await served.app.inject({
        method: 'GET',
        url: '/v1/models',
        headers: { 'x-forwarded-for': forwarded },
        remoteAddress,
      })
    ).statusCode;
  const statuses = async (calls: readonly (readonly [string, string])[]) => {
    const all: number[] = [];
    for (const [from, forwarded] of calls) all.push(await status(from, forwarded));
    return all;
  };
  expect(await statuses([['10.0.0.1', '1.1.1.1'], ['10.0.0.1', '1.1.1.2'], ['192.168.7.7', '1.1.1.1'], ['10.0.0.1', '1.1.1.1']])).toEqual([200, 200, 200, 429]); // prettier-ignore
  // what the caller wrote before the proxy added their address
  expect(await status('10.0.0.1', '9.9.9.9, 1.1.1.1')).toBe(429);
  // a caller that is no proxy
  expect(await statuses([['2.2.2.2', '3.3.3.1'], ['2.2.2.2', '3.3.3.2'], ['2.2.2.2', '3.3.3.3']])).toEqual([200, 200, 429]); // prettier-ignore
  await served.close();
});
