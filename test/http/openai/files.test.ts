import { afterAll, describe, expect, it } from 'vitest';
import { serveApp } from '../served-app.ts';

const served = await serveApp({}, { maxDatasetBytes: 1000 });
afterAll(() => served.close());

const part = (about: string, content: string): string =>
  `--edge\r\ncontent-disposition: form-data; ${about}\r\n\r\n${content}\r\n`;
const file = part('name="file"; filename="a.jsonl"', '{"text":"a"}');
const purpose = part('name="purpose"', 'fine-tune');

const send = async (payload: string, type = 'multipart/form-data; boundary=edge') => {
  const reply = await served.app.inject({
    method: 'POST',
    url: '/v1/files',
    headers: { 'content-type': type },
    payload,
  });
  const { error } = reply.json<{ error?: { code: string; param: string | null } }>();
  return { status: reply.statusCode, code: error?.code, param: error?.param, headers: reply.headers };
};
const countFiles = async (): Promise<number> =>
  (await served.app.inject({ method: 'GET', url: '/v1/files' })).json<{ data: object[] }>().data.length;

describe('an uploaded form', () => {
  it('is stored once it is complete', async () => {
    expect(await send(`${purpose}${file}--edge--\r\n`)).toMatchObject({ status: 200 });
    expect(await countFiles()).toBe(1);
  });

  // prettier-ignore
  it.each<[string, string, string, string | null]>([
    ['without a purpose', `${file}--edge--\r\n`, 'invalid_request', 'purpose'],
    ['without a file', `${purpose}--edge--\r\n`, 'invalid_request', 'file'],
    ['with a text for its file', `${part('name="file"', 'a')}--edge--\r\n`, 'invalid_request', 'file'],
    ['with another field behind its file', `${file}${purpose}${part('name="x"', 'a')}--edge--\r\n`, 'invalid_request', 'x'],
    ['with two files', `${purpose}${file}${file}--edge--\r\n`, 'malformed_multipart', null],
    ['that ends behind its file', `${purpose}${file}`, 'malformed_multipart', null],
    ['that ends in its file', `${purpose}${file.slice(0, -5)}`, 'malformed_multipart', null],
    ['that ends before its file', `${purpose}${file.slice(0, -20)}`, 'malformed_multipart', null],
    ['whose file has no record', `${purpose}${part('name="file"; filename="a.jsonl"', '\n')}--edge--\r\n`, 'invalid_dataset', null],
  ])('%s is refused, and nothing of it is stored', async (_, form, code, param) => {
    const before = await countFiles();
    expect(await send(form)).toMatchObject({ status: 400, code, param });
    expect(await countFiles()).toBe(before);
  });

  it('is refused when its file is too large, and not asked for again', async () => {
    const large = part('name="file"; filename="a.jsonl"', '{"text":"a"}\n'.repeat(100));
    const { status, code, headers } = await send(`${purpose}${large}--edge--\r\n`);
    expect([status, code, headers['x-should-retry']]).toEqual([413, 'body_too_large', 'false']);
  });

  it('must be a form', async () => {
    expect(await send('{"text":"a"}', 'application/json')).toMatchObject({ status: 415 });
    expect(await send('{"text":"a"}', 'application/jsonl')).toMatchObject({ status: 415 });
  });
});
