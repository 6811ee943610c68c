import { describe, expect, it } from 'vitest';
import { parsePublicUrl, removePrefix } from '../../src/http/public-url.ts';
import { serveApp } from './served-app.ts';

describe('a public URL', () => {
  it('has an origin, a host and a prefix', () => {
    expect(parsePublicUrl('https://example.org:8443/a/b//')).toEqual({
      origin: 'https://example.org:8443',
      host: 'example.org',
      prefix: '/a/b',
    });
    expect(parsePublicUrl('https://example.org')).toMatchObject({ prefix: '' });
    expect(parsePublicUrl('')).toEqual({ origin: null, host: null, prefix: '' });
  });

  it.each([
    ['/u/v1/models', '/v1/models'],
    ['/u', '/'],
    ['/u?a=b', '/?a=b'],
    ['/u/', '/'],
    ['/unroll', '/unroll'],
    ['/v1/u/', '/v1/u/'],
  ])('has its prefix /u removed from %s', (url, expected) => {
    expect(removePrefix(url, '/u')).toBe(expected);
  });
});

describe('an app behind a proxy with a path', () => {
  it('answers below the path and without it, and its links and document have the path', async () => {
    const served = await serveApp({ publicUrl: 'https://example.org/unroll/' });
    const get = (url: string) => served.app.inject({ method: 'GET', url });
    for (const prefix of ['', '/unroll']) {
      expect((await get(`${prefix}/v1/models`)).statusCode).toBe(200);
      expect((await get(`${prefix}/openapi.json`)).json()).toMatchObject({
        servers: [{ url: 'https://example.org/unroll' }],
      });
      expect((await get(`${prefix}/docs/static/index.html`)).headers.location).toBe('/unroll/docs/');
      for (const page of ['/docs', '/docs/']) {
        const { body } = await get(prefix + page);
        const links = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link!);
        expect(links.length).toBeGreaterThan(3);
        for (const link of links) {
          const { pathname } = new URL(link, `https://example.org/unroll${page}`);
          expect(pathname).toMatch(/^\/unroll\/docs\/static\//);
          expect((await get(pathname)).statusCode).toBe(200);
        }
      }
    }
    expect((await get('/unroll/v2/models/nobody')).json()).toHaveProperty('error');
    await served.close();
  });
});
