import { afterAll, describe, expect, it } from 'vitest';
import { app, closeApp, get, job, post, records, upload, waitForJob, type Problem } from './training-api.ts';

afterAll(closeApp);

describe('datasets', () => {
  it('are uploaded as a raw body, shown, listed and deleted', async () => {
    const made = await upload(
      records.map((record) => JSON.stringify(record)).join('\n'),
      'application/jsonl',
      '?task=classify&name=mine',
    );
    expect(made.statusCode).toBe(200);
    expect(made.json()).toMatchObject({ object: 'dataset', name: 'mine', format: 'jsonl', records: 4 });
    const { id } = made.json<{ id: string }>();
    expect(
      (await get('/v1/datasets')).json<{ data: { id: string }[] }>().data.map((dataset) => dataset.id),
    ).toContain(id);
    expect((await app.inject({ method: 'DELETE', url: `/v1/datasets/${id}` })).statusCode).toBe(200);
    expect((await get(`/v1/datasets/${id}`)).json()).toMatchObject({ code: 'dataset_not_found' });
  });

  it('are uploaded as a multipart file, in the format of its name', async () => {
    const edge = 'edge';
    const body = `--${edge}\r\ncontent-disposition: form-data; name="file"; filename="days.csv"\r\ncontent-type: application/octet-stream\r\n\r\na,b\n1,2\n\r\n--${edge}--\r\n`;
    const made = await upload(body, `multipart/form-data; boundary=${edge}`);
    expect(made.json()).toMatchObject({ name: 'days.csv', format: 'csv', records: 1 });
  });

  it.each<[string, string | Buffer, string, string, RegExp]>([
    [
      'a line that is not JSON',
      '{"text":"a","label":"x"}\nnope\n',
      'application/jsonl',
      '',
      /line 2: is not JSON/,
    ],
    ['a record of another task', '{"text":"a"}\n', 'application/jsonl', '?task=classify', /line 1: .*label/],
    [
      'labels that do not match',
      '{"tokens":["a","b"],"labels":["X"]}',
      'application/jsonl',
      '?task=tag',
      /line 1: .*as many labels as tokens/,
    ],
    ['nothing at all', '\n\n', 'application/jsonl', '', /no records/],
    ['ragged rows', 'a,b\n1,2\n3\n', 'text/csv', '', /line 3: expected 2 columns, got 1/],
    [
      'a line of 10 MB',
      `{"text":"${'a'.repeat(10_000_000)}"}`,
      'application/jsonl',
      '',
      /line 1: is longer than 1048576 bytes/,
    ],
    ['invalid UTF-8', Buffer.from([0x61, 0x0a, 0xc3, 0x28, 0x0a]), 'text/plain', '', /line 2: is not UTF-8/],
  ])('are rejected with the line: %s', async (_, body, type, query, detail) => {
    const before = (await get('/v1/datasets')).json<{ data: unknown[] }>().data.length;
    const reply = await upload(body, type, query);
    expect(reply.statusCode).toBe(422);
    expect(reply.json()).toMatchObject({
      code: 'invalid_dataset',
      detail: expect.stringMatching(detail) as string,
    });
    expect((await get('/v1/datasets')).json<{ data: unknown[] }>().data).toHaveLength(before);
  });

  it('report the first twenty invalid lines by number', async () => {
    const { errors } = (await upload('x\n'.repeat(50))).json<Problem>();
    expect(errors!.map(({ field }) => field)).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i + 1}`));
  });

  it('are rejected when they are too large, or of an unknown format', async () => {
    expect((await upload(Buffer.alloc(16_000_001, 'a'), 'text/plain')).json()).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
    expect((await upload('{}', 'application/octet-stream')).json()).toMatchObject({ status: 415 });
    const elsewhere = await app.inject({
      method: 'POST',
      url: '/v1/training/jobs',
      headers: { 'content-type': 'text/csv' },
      payload: 'a,b',
    });
    expect(elsewhere.json()).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  it('are retained while an unfinished job uses them', async () => {
    const { id } = (await upload(records.map((record) => JSON.stringify(record)).join('\n'))).json<{
      id: string;
    }>();
    const made = (
      await post(
        '/v1/training/jobs',
        job({ model: 'busy', data: { dataset: id }, budget: { epochs: 100_000 } }),
      )
    ).json<{ id: string }>();
    expect((await app.inject({ method: 'DELETE', url: `/v1/datasets/${id}` })).json()).toMatchObject({
      status: 409,
      code: 'in_use',
    });
    await post(`/v1/training/jobs/${made.id}/cancel`, {});
    await waitForJob(made.id);
    expect((await app.inject({ method: 'DELETE', url: `/v1/datasets/${id}` })).statusCode).toBe(200);
  });
});
