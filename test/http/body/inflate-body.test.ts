import { deflateRawSync, deflateSync, gzipSync, brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveApp, type ServedApp } from '../served-app.ts';

let served: ServedApp;
beforeAll(async () => {
  served = await serveApp({ maxBodyBytes: 100_000 });
});
afterAll(() => served.close());

const classify = '/v1/models/classifier/classify';
const infer = '/v2/models/classifier/infer';
const text = JSON.stringify({ input: 'abc' });
const tensors = JSON.stringify({ inputs: [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['abc'] }] });
const send = (url: string, encoding: string, payload: Buffer, type = 'application/json') =>
  served.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': type, 'content-encoding': encoding },
    payload,
  });

describe('a compressed body', () => {
  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['identity', Buffer.from],
  ] as [string, (text: string) => Buffer][])(
    'of %s is read as it would be uncompressed',
    async (encoding, pack) => {
      expect((await send(classify, encoding, pack(text))).statusCode).toBe(200);
      expect((await send(infer, encoding, pack(tensors))).statusCode).toBe(200);
      expect((await send(infer, encoding, pack(tensors), 'application/octet-stream')).statusCode).toBe(200);
    },
  );

  it('has its limit once inflated, whatever its own size', async () => {
    for (const pack of [gzipSync, deflateSync, deflateRawSync]) {
      const bomb = pack(Buffer.alloc(50_000_000, 32));
      expect(bomb.length).toBeLessThan(100_000);
      for (const [url, type] of [
        [classify, 'application/json'],
        [infer, 'application/octet-stream'],
      ] as const) {
        const reply = await send(url, pack === gzipSync ? 'gzip' : 'deflate', bomb, type);
        expect([reply.statusCode, reply.body]).toEqual([
          413,
          expect.stringContaining('body: at most 100000 bytes once inflated') as string,
        ]);
      }
    }
  });

  it.each([
    ['gzip', Buffer.from(text), 400, 'malformed_encoding'],
    ['gzip', gzipSync(text).subarray(0, 20), 400, 'malformed_encoding'],
    ['deflate', Buffer.from(text), 400, 'malformed_encoding'],
    ['gzip', gzipSync(''), 400, 'malformed_json'],
    ['gzip', gzipSync(Buffer.from([0x22, 0xff, 0x22])), 400, 'malformed_json'],
    ['br', brotliCompressSync(text), 415, 'unsupported_media_type'],
    ['gzip, gzip', gzipSync(gzipSync(text)), 415, 'unsupported_media_type'],
    ['__proto__', Buffer.from(text), 415, 'unsupported_media_type'],
  ])('of %s that cannot be read is refused (%#)', async (encoding, payload, status, code) => {
    const reply = await send(classify, encoding, payload);
    expect([reply.statusCode, reply.json<{ code: string }>().code]).toEqual([status, code]);
  });

  it('of a dataset is refused rather than kept compressed', async () => {
    const reply = await send('/v1/datasets', 'gzip', gzipSync('{"text":"a"}'), 'application/jsonl');
    expect(reply.statusCode).toBe(415);
  });
});
