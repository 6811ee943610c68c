import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveApp, type ServedApp } from '../served-app.ts';

let served: ServedApp;
beforeAll(async () => {
  served = await serveApp({ anyHost: false, publicUrl: 'https://models.test:8443/unroll/' });
});
afterAll(() => served.close());

const status = async (host: string): Promise<number> =>
  (await served.app.inject({ method: 'GET', url: '/v1/models', headers: { host } })).statusCode;

describe('a server on a loopback address', () => {
  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    'a.localhost:8080',
    '127.0.0.1',
    '127.0.0.1:8080',
    '[::1]:8080',
    '192.168.1.2:80',
    'models.test',
    'unroll:8080',
    'Models.test:443',
  ])('answers to %s', async (host) => {
    expect(await status(host)).toBe(200);
  });

  // a page of the name may be rebound to 127.0.0.1 by its owner
  it.each([
    'evil.test',
    'evil.test:8080',
    'localhost.evil.test',
    'notlocalhost.test',
    '127.0.0.1.evil.test',
    'models.test.evil.test',
    '0x7f.1',
  ])('does not answer to %s', async (host) => {
    expect(await status(host)).toBe(403);
  });

  it.each(['a b', 'a/b', 'user@localhost', 'localhost:8o', '[::1'])(
    'rejects %s as malformed',
    async (host) => {
      expect(await status(host)).toBe(400);
    },
  );

  it('names the setting that adds a name', async () => {
    const reply = await served.app.inject({
      method: 'GET',
      url: '/v1/models',
      headers: { host: 'evil.test' },
    });
    expect(reply.json()).toMatchObject({
      code: 'host_not_served',
      detail: expect.stringContaining('UNROLL_PUBLIC_URL') as string,
    });
  });
});
