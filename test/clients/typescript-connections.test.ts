import { beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client, type UnrollError } from '../../src/client/index.ts';
import { until } from '../e2e/server-process.ts';
import { problem, sendJson, sendStream, startFakeServer, type FakeServer } from './fake-server.ts';

// What the TypeScript client makes of connections that break, and of what proxies answer.

let fake: FakeServer;
let unroll: Client;
beforeAll(async () => {
  fake = await startFakeServer();
  unroll = createClient({ url: fake.url });
});

/** The events of a stream until it ends, and the error that it ends with. */
async function read(client = unroll): Promise<{ events: string[]; error: UnrollError | null }> {
  const events: string[] = [];
  try {
    for await (const event of client.generateStream('m', {}))
      events.push(event.event === 'token' ? event.data.text : event.event);
    return { events, error: null };
  } catch (error) {
    return { events, error: error as UnrollError };
  }
}
const token = (text: string): string => `event: token\ndata: ${JSON.stringify({ text })}\n\n`;
const done = 'event: done\ndata: {"generations":[]}\n\n';

describe('a stream', () => {
  it('is asked for with its first event, not before', async () => {
    fake.answer(sendJson(200, { object: 'list' }));
    const stream = unroll.generateStream('m', {});
    await unroll.models.list();
    await stream.return();
    expect(fake.requests.map(({ path }) => path)).toEqual(['/v1/models']);
  });

  it('is read whole, however it is cut into chunks', async () => {
    const bytes = new TextEncoder().encode(`: accepted\n\n${token('é😀')}: ping\n\n${token('b')}${done}`);
    fake.answer(sendStream(Array.from(bytes, (byte) => Uint8Array.of(byte))));
    expect(await read()).toEqual({ events: ['é😀', 'b', 'done'], error: null });
  });

  it.each([
    ['is cut in an event', [token('a'), 'event: tok'], 'cut'],
    ['is cut between two events', [token('a')], 'cut'],
    ['ends without its last event', [token('a')], 'end'],
  ] as const)('that %s is an error', async (_, pieces, end) => {
    fake.answer(sendStream(pieces, end));
    const { events, error } = await read();
    expect(events).toEqual(['a']);
    expect(error).toMatchObject({ name: 'UnrollError', code: 'connection_lost', status: undefined });
  });

  it('that is cut after its last event is whole', async () => {
    fake.answer(sendStream([token('a'), done], 'cut'));
    expect(await read()).toEqual({ events: ['a', 'done'], error: null });
  });

  it('throws its event `error`', async () => {
    const failed = problem('deadline_exceeded', 504, { field: 'timeout_ms' });
    fake.answer(sendStream([token('a'), `event: error\ndata: ${JSON.stringify(failed)}\n\n`]));
    const { events, error } = await read();
    expect(events).toEqual(['a']);
    expect(error).toMatchObject({ code: 'deadline_exceeded', status: 504, field: 'timeout_ms' });
    expect(error!.message).toBe('the reason of deadline_exceeded');
  });

  it.each([
    ['is not UTF-8', sendStream([Uint8Array.of(0x64, 0xff)])],
    ['has data that is no JSON', sendStream(['event: token\ndata: {\n\n'])],
  ])('that %s is an error', async (_, answer) => {
    fake.answer(answer);
    const { error } = await read();
    expect(error).toMatchObject({ code: 'invalid_reply' });
  });

  it('that is aborted gives no event any more, also of a chunk that has come', async () => {
    fake.answer(sendStream([token('a') + token('b') + token('c')], 'stay'));
    const controller = new AbortController();
    const reason = new Error('enough');
    let events = 0;
    const reading = (async () => {
      for await (const { event } of unroll.generateStream('m', {}, { signal: controller.signal })) {
        expect(event).toBe('token');
        events++;
        controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(events).toBe(1);
  });

  it('closes its connection when it is left early', async () => {
    fake.answer(sendStream([token('a')], 'stay'));
    for await (const { event } of unroll.generateStream('m', {})) {
      expect(event).toBe('token');
      break;
    }
    await until(async () => (await fake.connections()) === 0);
  });

  it('of a job that ends before the job does is an error, and the job is asked for', async () => {
    const status = { id: 1, data: { status: 'running' } };
    let asked = 'running';
    const events = sendStream([`id: 1\nevent: status\ndata: ${JSON.stringify(status)}\n\n`]);
    fake.answer((request, response) => {
      if (request.url!.includes('/events')) events(request, response);
      else sendJson(200, { status: asked })(request, response);
    });
    const follow = async (): Promise<void> => {
      for await (const { event } of unroll.jobs.follow('job_1')) expect(event).toBe('status');
    };
    await expect(follow()).rejects.toMatchObject({ code: 'connection_lost' });
    asked = 'succeeded';
    await follow();
    expect(fake.requests.map(({ path }) => path)).toEqual([
      '/v1/training/jobs/job_1/events?stream=true&after=0',
      '/v1/training/jobs/job_1',
      '/v1/training/jobs/job_1/events?stream=true&after=0',
      '/v1/training/jobs/job_1',
    ]);
  });
});

describe('a reply', () => {
  it('that is cut is an error', async () => {
    fake.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
      response.write('{"object":');
      setImmediate(() => response.socket!.destroy());
    });
    await expect(unroll.models.list()).rejects.toMatchObject({ code: 'connection_lost' });
  });

  it('that is a page of a proxy is an error', async () => {
    fake.answer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>log in'));
    await expect(unroll.models.list()).rejects.toMatchObject({ code: 'invalid_reply' });
    expect((await read()).error).toMatchObject({ code: 'invalid_reply' });
  });

  it('without a code has that of its status', async () => {
    fake.answer((_, response) =>
      response.writeHead(502, { 'content-type': 'text/html' }).end('<p>bad gateway'),
    );
    const error = await unroll.models.list().catch((caught: unknown) => caught as UnrollError);
    expect(error).toMatchObject({ code: 'http_502', status: 502 });
    expect((error as UnrollError).message).toContain('bad gateway');
  });

  it('that never comes is an error', async () => {
    fake.answer((_, response) => response.socket!.destroy());
    await expect(unroll.models.list()).rejects.toMatchObject({
      code: 'connection_failed',
      status: undefined,
    });
    const nobody = createClient({ url: 'http://127.0.0.1:1' });
    await expect(nobody.models.list()).rejects.toMatchObject({ code: 'connection_failed' });
  });
});

describe('a call', () => {
  /** Refuses so many requests before it answers. */
  const refuseFirst = (count: number, refusal: ReturnType<typeof sendJson>) => {
    let left = count;
    fake.answer((request, response) =>
      (left-- > 0 ? refusal : sendJson(200, { object: 'list', data: [] }))(request, response),
    );
  };
  const patient = (): Client => createClient({ url: fake.url, retries: 2 });
  const busy = sendJson(503, problem('overloaded', 503), { 'retry-after': '0' });

  it('is made again as often as is wanted, where the server says when', async () => {
    refuseFirst(2, busy);
    expect(await patient().models.list()).toEqual({ object: 'list', data: [] });
    expect(fake.requests).toHaveLength(3);
    refuseFirst(3, busy);
    await expect(patient().models.list()).rejects.toMatchObject({ code: 'overloaded', retryAfter: 0 });
    refuseFirst(
      1,
      sendJson(429, problem('rate_limited', 429), { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
    );
    expect(await patient().models.list()).toMatchObject({ object: 'list' });
  });

  it.each([
    ['by default', () => createClient({ url: fake.url }), busy],
    ['without a time', patient, sendJson(503, problem('overloaded', 503))],
    ['for another status', patient, sendJson(500, problem('internal', 500), { 'retry-after': '0' })],
  ])('is made once %s', async (_, client, refusal) => {
    refuseFirst(1, refusal);
    await expect(client().models.list()).rejects.toMatchObject({ name: 'UnrollError' });
    expect(fake.requests).toHaveLength(1);
  });

  it('whose body is a stream is made once', async () => {
    refuseFirst(1, busy);
    const data = new Blob(['a']).stream();
    await expect(patient().datasets.upload(data, { format: 'text' })).rejects.toMatchObject({ status: 503 });
    expect(fake.requests).toHaveLength(1);
  });

  it('that waits to be made again is ended by its signal', async () => {
    fake.answer(sendJson(503, problem('overloaded', 503), { 'retry-after': '1000' }));
    const controller = new AbortController();
    const reason = new Error('enough');
    const calling = patient().models.list({ signal: controller.signal });
    await until(() => fake.requests.length === 1);
    controller.abort(reason);
    await expect(calling).rejects.toBe(reason);
  });

  it.each(['127.0.0.1:8080', 'localhost:8080', 'ftp://a', 'http://'])(
    'has a URL that is one, not %s',
    (url) => {
      expect(() => createClient({ url })).toThrow(`url: must be http://host:port or https://…, was "${url}"`);
    },
  );

  it('goes to the prefix of a proxy, with names in the path as they are', async () => {
    fake.answer(sendJson(200, { object: 'list', data: [] }));
    await createClient({ url: `${fake.url}/rnn/` }).models.show('a b/c@1');
    expect(fake.requests[0]!.path).toBe('/rnn/v1/models/a%20b%2Fc%401');
  });
});
