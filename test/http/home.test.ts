import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveApp, type ServedApp } from './served-app.ts';

const noKeys = { kind: 'keys', keys: { find: () => null } } as const;
let served: ServedApp;
beforeAll(async () => {
  served = await serveApp({ publicUrl: 'https://example.org/unroll/', authentication: noKeys });
});
afterAll(() => served.close());
const get = (url: string, accept?: string) =>
  served.app.inject({ method: 'GET', url, headers: accept === undefined ? {} : { accept } });

describe('the page at /', () => {
  it('is a page for browsers, without a key', async () => {
    const { statusCode, headers, body } = await get('/', 'text/html,application/xhtml+xml,*/*;q=0.8');
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers.vary).toBe('accept');
    expect(body).not.toContain('classifier');
  });

  it('is JSON for others', async () => {
    expect((await get('/')).json()).toEqual({
      name: 'unroll',
      version: expect.any(String) as string,
      documentation: '/unroll/docs',
      openapi: '/unroll/openapi.json',
      models: '/unroll/v1/models',
      metrics: '/unroll/metrics',
      health: '/unroll/v2/health/ready',
    });
  });

  it('has links below the path of a proxy, to routes that there are', async () => {
    for (const url of ['/', '/unroll', '/unroll/']) {
      const { body } = await get(url, 'text/html');
      const links = [...body.matchAll(/href="([^"]+)"/g)].map(([, link]) => link!);
      expect(links).toHaveLength(5);
      for (const link of links) {
        expect(link).toMatch(/^\/unroll\//);
        expect((await get(link)).statusCode).not.toBe(404);
      }
    }
  });
});
