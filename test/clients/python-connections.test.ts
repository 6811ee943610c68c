import fc from 'fast-check';
import { beforeAll, describe, expect } from 'vitest';
import { cutStreams, readByOracle } from './event-texts.ts';
import { problem, sendJson, sendStream, startFakeServer, type FakeServer } from './fake-server.ts';
import { itWithPython, runPython } from './run-python.ts';

// What the Python client makes of connections that break, and of what proxies answer.

let fake: FakeServer;
beforeAll(async () => {
  fake = await startFakeServer();
});

const token = (text: string): string => `event: token\ndata: ${JSON.stringify({ text })}\n\n`;
const done = 'event: done\ndata: {"generations":[]}\n\n';

/** The events of a stream until it ends, and the error that it ends with. */
async function read(): Promise<{ events: unknown; error: unknown }> {
  const [events, error] = await runPython(
    fake.url,
    `
events = []
def read():
    for event, data in unroll.generate_stream("m"):
        events.append(data.get("text", event))
error = error_of(read)
show(events, error)
`,
  );
  return { events, error };
}

describe('a stream', () => {
  itWithPython('is asked for with its first event, not before', async () => {
    fake.answer(sendJson(200, { object: 'list' }));
    await runPython(fake.url, 'stream = unroll.generate_stream("m")\nunroll.models.list()');
    expect(fake.requests.map(({ path }) => path)).toEqual(['/v1/models']);
  });

  itWithPython('is read as another parser reads it, however the bytes are cut', async () => {
    const streams = fc.sample(cutStreams, 1000);
    const given = streams.map(({ chunks }) => chunks.map((chunk) => Buffer.from(chunk).toString('hex')));
    const [found] = await runPython(
      fake.url,
      `
streams = json.loads(${JSON.stringify(JSON.stringify(given))})
show([list(module.parse_events(bytes.fromhex(chunk) for chunk in chunks)) for chunks in streams])
`,
    );
    expect(found).toEqual(streams.map(({ text }) => readByOracle(text)));
  });

  itWithPython('is read whole, however it is cut into chunks', async () => {
    const bytes = new TextEncoder().encode(`: accepted\n\n${token('é😀')}: ping\n\n${token('b')}${done}`);
    fake.answer(sendStream(Array.from(bytes, (byte) => Uint8Array.of(byte))));
    expect(await read()).toEqual({ events: ['é😀', 'b', 'done'], error: null });
  });

  for (const [title, pieces, end] of [
    ['is cut in an event', [token('a'), 'event: tok'], 'cut'],
    ['is cut between two events', [token('a')], 'cut'],
    ['ends without its last event', [token('a')], 'end'],
  ] as const)
    itWithPython(`that ${title} is an error`, async () => {
      fake.answer(sendStream(pieces, end));
      const { events, error } = await read();
      expect(events).toEqual(['a']);
      expect(error).toMatchObject({ code: 'connection_lost', status: null });
    });

  itWithPython('that is cut after its last event is whole', async () => {
    fake.answer(sendStream([token('a'), done], 'cut'));
    expect(await read()).toEqual({ events: ['a', 'done'], error: null });
  });

  itWithPython('raises its event `error`', async () => {
    const failed = problem('deadline_exceeded', 504, { field: 'timeout_ms' });
    fake.answer(sendStream([token('a'), `event: error\ndata: ${JSON.stringify(failed)}\n\n`]));
    expect(await read()).toMatchObject({
      events: ['a'],
      error: {
        code: 'deadline_exceeded',
        status: 504,
        field: 'timeout_ms',
        text: 'the reason of deadline_exceeded',
      },
    });
  });

  for (const [title, pieces] of [
    ['is not UTF-8', [Uint8Array.of(0x64, 0xff), '\n\n']],
    ['has data that is no JSON', ['event: token\ndata: {\n\n']],
  ] as const)
    itWithPython(`that ${title} is an error`, async () => {
      fake.answer(sendStream(pieces));
      expect((await read()).error).toMatchObject({ code: 'invalid_reply' });
    });

  itWithPython('that sends nothing for the time limit is an error', async () => {
    fake.answer(sendStream([token('a')], 'stay'));
    const [error] = await runPython(
      fake.url,
      'show(error_of(lambda: list(Unroll(url, timeout=0.5).generate_stream("m"))))',
    );
    // on a busy machine its head may be late, too
    expect(error).toMatchObject({ code: expect.stringMatching(/^connection_/) as string, status: null });
  });

  itWithPython('of a job that ends before the job does is an error, and the job is asked for', async () => {
    const status = { id: 1, data: { status: 'running' } };
    let asked = 'running';
    const events = sendStream([`id: 1\nevent: status\ndata: ${JSON.stringify(status)}\n\n`]);
    fake.answer((request, response) => {
      if (request.url!.includes('/events')) events(request, response);
      else sendJson(200, { status: asked })(request, response);
    });
    const follow = 'show(error_of(unroll.jobs.follow, "job_1"))';
    expect(await runPython(fake.url, follow)).toMatchObject([{ code: 'connection_lost' }]);
    asked = 'succeeded';
    expect(await runPython(fake.url, follow)).toEqual([null]);
  });
});

describe('a reply', () => {
  itWithPython('that is cut is an error', async () => {
    for (const headers of [{ 'content-length': 100 }, {}]) {
      fake.answer((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers });
        response.write('{"object":');
        setImmediate(() => response.socket!.destroy());
      });
      const [error] = await runPython(fake.url, 'show(error_of(unroll.models.list))');
      expect(error).toMatchObject({ code: 'connection_lost' });
    }
  });

  itWithPython('that is a page of a proxy is an error', async () => {
    fake.answer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>log in'));
    expect(await runPython(fake.url, 'show(error_of(unroll.models.list))')).toMatchObject([
      { code: 'invalid_reply' },
    ]);
    expect((await read()).error).toMatchObject({ code: 'invalid_reply' });
  });

  itWithPython('without a code has that of its status', async () => {
    fake.answer((_, response) =>
      response.writeHead(502, { 'content-type': 'text/html' }).end('<p>bad gateway'),
    );
    const [error] = await runPython(fake.url, 'show(error_of(unroll.models.list))');
    expect(error).toMatchObject({ code: 'http_502', status: 502 });
    expect((error as { text: string }).text).toContain('bad gateway');
  });

  itWithPython('that never comes is an error', async () => {
    fake.answer((_, response) => response.socket!.destroy());
    const errors = await runPython(
      fake.url,
      'show(error_of(unroll.models.list), error_of(Unroll("http://127.0.0.1:1").models.list))',
    );
    const failed = { code: 'connection_failed', status: null };
    expect(errors).toMatchObject([failed, failed]);
  });
});

describe('a call', () => {
  /** Refuses so many requests before it answers. */
  const refuseFirst = (count: number, refusal: ReturnType<typeof sendJson>) => {
    let left = count;
    fake.answer((request, response) =>
      (left-- > 0 ? refusal : sendJson(200, { object: 'list' }))(request, response),
    );
  };
  const busy = sendJson(503, problem('overloaded', 503), { 'retry-after': '0' });
  const list = async (options: string): Promise<unknown> =>
    (await runPython(fake.url, `show(error_of(Unroll(url, ${options}).models.list))`))[0];

  itWithPython('is made again as often as is wanted, where the server says when', async () => {
    refuseFirst(2, busy);
    expect(await list('retries=2')).toBe(null);
    expect(fake.requests).toHaveLength(3);
    refuseFirst(3, busy);
    expect(await list('retries=2')).toMatchObject({ code: 'overloaded', retry_after: 0 });
    refuseFirst(
      1,
      sendJson(429, problem('rate_limited', 429), { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
    );
    expect(await list('retries=2')).toBe(null);
  });

  for (const [title, options, refusal] of [
    ['by default', '', busy],
    ['without a time', 'retries=2', sendJson(503, problem('overloaded', 503))],
    ['for another status', 'retries=2', sendJson(500, problem('internal', 500), { 'retry-after': '0' })],
  ] as const)
    itWithPython(`is made once ${title}`, async () => {
      refuseFirst(1, refusal);
      expect(await list(options)).not.toBe(null);
      expect(fake.requests).toHaveLength(1);
    });

  itWithPython('whose body is read once is made once', async () => {
    refuseFirst(1, busy);
    const upload = `
patient = Unroll(url, retries=2)
show(error_of(patient.datasets.upload, iter([b"a"]), format="text")["status"])`;
    expect(await runPython(fake.url, upload)).toEqual([503]);
    expect(fake.requests).toHaveLength(1);
  });

  itWithPython('keeps its connection for the next, a stream and a refusal too', async () => {
    fake.answer((request, response) =>
      (request.url!.endsWith('/generate')
        ? sendStream([done])
        : request.url!.endsWith('/nobody')
          ? sendJson(404, problem('model_not_found', 404))
          : sendJson(200, { object: 'list' }))(request, response),
    );
    await runPython(
      fake.url,
      `
unroll.models.list()
list(unroll.generate_stream("m"))
error_of(unroll.models.show, "nobody")
unroll.models.list()
`,
    );
    expect(fake.requests.map(({ path }) => path)).toHaveLength(4);
    expect(new Set(fake.requests.map(({ connection }) => connection)).size).toBe(1);
  });

  itWithPython('opens another where the server has closed the one that was kept', async () => {
    fake.answer((request, response) => {
      sendJson(200, { object: 'list' })(request, response);
      // after the reply, without a word about it
      response.once('finish', () => request.socket.end());
    });
    const shown = await runPython(
      fake.url,
      `
import time
for _ in range(3):
    show(error_of(unroll.models.list))
    while not module._is_readable(unroll._http._idle[0].sock):
        time.sleep(0.01)
`,
    );
    expect(shown).toEqual([null, null, null]);
    expect(fake.requests).toHaveLength(3);
  });

  itWithPython('may be made by several threads at once', async () => {
    fake.answer(
      (request, response) =>
        void setTimeout(() => sendJson(200, { path: request.url })(request, response), 5),
    );
    const [found] = await runPython(
      fake.url,
      `
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool:
    show(list(pool.map(lambda i: unroll.models.show(f"m{i}")["path"], range(100))))
`,
    );
    expect(found).toEqual(Array.from({ length: 100 }, (_, i) => `/v1/models/m${i}`));
  });

  itWithPython('goes to the prefix of a proxy, with names in the path as they are', async () => {
    fake.answer(sendJson(200, { object: 'list' }));
    await runPython(fake.url, 'Unroll(url + "/rnn/").models.show("a b/c@1")');
    expect(fake.requests[0]!.path).toBe('/rnn/v1/models/a%20b%2Fc@1');
  });

  itWithPython('has a URL that is one', async () => {
    const refused = await runPython(
      fake.url,
      `
for wrong in ("127.0.0.1:8080", "ftp://a", "http://"):
    try:
        Unroll(wrong)
    except ValueError as error:
        show(str(error))
`,
    );
    expect(refused).toHaveLength(3);
    for (const one of refused) expect(one).toMatch(/^url: must be http:/);
  });
});
