import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDocumentationApp } from '../../src/http/documentation-app.ts';
import { serveApp } from './served-app.ts';

let served: Awaited<ReturnType<typeof serveApp>>;
beforeAll(async () => void (served = await serveApp({})));
afterAll(() => served.close());

const ask = (url: string, options: { method?: 'GET' | 'HEAD' | 'POST'; headers?: object } = {}) =>
  served.app.inject({ method: 'GET', url, ...(options as object) });

describe('the pages of the documentation', () => {
  it('answer requests that come at the same time, the first among them', async () => {
    const replies = await Promise.all(
      ['/docs', '/docs/', '/docs/json', '/openapi.json'].map((url) => ask(url)),
    );
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    expect(replies[2]!.json()).toEqual(replies[3]!.json());
  });

  it('may load from this server only, and have the headers of every reply', async () => {
    const { headers } = await ask('/docs/');
    expect(headers['content-security-policy']).toMatch(/^default-src 'self'; script-src 'self';/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    });
  });

  it('answer HEAD with the length of the page', async () => {
    const page = await ask('/docs/static/swagger-ui.css');
    const head = await ask('/docs/static/swagger-ui.css', { method: 'HEAD' });
    expect(page.rawPayload.length).toBeGreaterThan(10_000);
    expect(head.headers['content-length']).toBe(String(page.rawPayload.length));
    expect(head.body).toBe('');
  });

  it('are not sent again where they have not changed', async () => {
    const { headers } = await ask('/docs/static/swagger-ui.css');
    const again = await ask('/docs/static/swagger-ui.css', { headers: { 'if-none-match': headers.etag } });
    expect(again.statusCode).toBe(304);
    expect(again.body).toBe('');
  });

  it.each(['/docs/nothing', '/docs/static/nothing', '/docs/v1/models', '/docs/static/%2e%2e/package.json'])(
    'are no others: %s is not found, as any path without a route',
    async (url) => {
      const reply = await ask(url);
      expect(reply.statusCode).toBe(404);
      expect(reply.headers['content-type']).toBe('application/problem+json');
      expect(reply.json()).toMatchObject({ code: 'not_found' });
    },
  );

  it('are no answer to another method', async () => {
    expect((await ask('/docs', { method: 'POST' })).statusCode).toBe(404);
  });

  it.each(['/docs/../v1/models', '/docs/%2e%2e/v1/models', '/docs/static/../../v1/models'])(
    'do not include a route that they describe: %s',
    async (url) => {
      const route = { method: 'GET', url: '/v1/models', schema: {}, handler: () => {} } as const;
      const options = { settings: [], url: '', prefix: '', models: () => [] };
      const app = await createDocumentationApp([route], options);
      expect(app.describe().paths).toHaveProperty(['/v1/models', 'get']);
      expect(await app.getPage(url, {})).toBeNull();
      expect(await app.getPage('/docs/', {})).toMatchObject({ status: 200 });
      await app.close();
    },
  );
});
