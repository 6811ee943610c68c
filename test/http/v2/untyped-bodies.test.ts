import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveApp, type ServedApp } from '../served-app.ts';

let served: ServedApp;
beforeAll(async () => {
  served = await serveApp();
});
afterAll(() => served.close());

const post = async (url: string, headers: Record<string, string>, payload?: string): Promise<number> =>
  (await served.app.inject({ method: 'POST', url, headers, ...(payload !== undefined && { payload }) }))
    .statusCode;
const index = '/v2/repository/index';
const infer = '/v2/models/classifier/infer';
const tensors = JSON.stringify({ inputs: [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['abc'] }] });
const plain = { 'content-type': 'text/plain;charset=utf-8' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json' };
const page = { origin: 'https://example.org' };

describe('a body of the inference protocol', () => {
  it.each([
    ['without a type', infer, {}, tensors],
    ['of plain text', infer, plain, tensors],
    ['of plain text', index, plain, '{"ready": true}'],
    ['of a form, as curl -d sends it', index, form, '{"ready": true}'],
    ['of a form, as curl -d sends it', infer, form, tensors],
    ['without a type', index, {}, '{}'],
    ['that is not there', index, {}, undefined],
    ['that is not there', index, json, ''],
    ['of a form, as curl -d says', infer, form, tensors],
    ['of a form, as curl -d says', index, form, '{"ready": true}'],
    ['of JSON, sent by a page', index, { ...json, ...page }, '{}'],
  ] as [string, string, Record<string, string>, string | undefined][])(
    '%s is taken by %s',
    async (_, url, headers, payload) => {
      expect(await post(url, headers, payload)).toBe(200);
    },
  );

  it.each([
    ['of a form, sent by a page', index, { ...form, ...page }, '{}', 403],
    ['of plain text, sent by a page', index, { ...plain, ...page }, '{}', 403],
    ['of a form', '/v1/models/classifier/classify', form, '{"input": "abc"}', 415],
    [
      'that is not there, sent by a page',
      '/v2/repository/models/classifier/unload',
      { ...page },
      undefined,
      403,
    ],
    ['of plain text that is no JSON', index, plain, 'abc', 400],
    ['that is not there', infer, json, '', 400],
    ['of plain text', '/v1/models/classifier/classify', plain, '{"input": "abc"}', 415],
    ['without a type', '/v1/models/classifier/classify', {}, '{"input": "abc"}', 415],
  ] as [string, string, Record<string, string>, string | undefined, number][])(
    '%s is refused by %s',
    async (_, url, headers, payload, status) => {
      expect(await post(url, headers, payload)).toBe(status);
    },
  );
});
