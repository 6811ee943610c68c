import { EventEmitter, once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fromGenerator } from '../../src/engine/event-source.ts';
import { UnrollError } from '../../src/errors.ts';
import { formatEvent } from '../../src/http/format-event.ts';
import type { ServerEvent } from '../../src/http/server-event.ts';
import { firstComment, pingComment, writeEvents, type SseOptions } from '../../src/http/write-events.ts';

const frame = (id: number | null, event: string, data: object): string =>
  [...formatEvent(id, event, data)].join('');
const token = (text: string): ServerEvent => ({ event: 'token', data: { text } });

/** A response whose socket takes `capacity` characters until `drain`. */
function fakeOutput(capacity = Infinity) {
  const writes: string[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let held = 0;
  const output = Object.assign(new EventEmitter(), {
    closed: false,
    destroyed: false,
    writableNeedDrain: false,
    write(text: string) {
      writes.push(text);
      held += text.length;
      output.writableNeedDrain = held >= capacity;
      return !output.writableNeedDrain;
    },
    end,
    read() {
      held = 0;
      output.writableNeedDrain = false;
      output.emit('drain');
    },
  });
  return { output, writes, ended, text: () => writes.join('') };
}
type FakeOutput = ReturnType<typeof fakeOutput>['output'];

const idleSocket = Object.assign(new EventEmitter(), { readableEnded: false });

function start(
  output: FakeOutput,
  events: AsyncGenerator<ServerEvent>,
  options: Partial<SseOptions> = {},
): void {
  const response = output as unknown as ServerResponse;
  writeEvents(response, idleSocket as never, fromGenerator(events), null, { pingMs: 1000, ...options });
}

/** The text of a whole stream after the first comment. */
async function readText(
  events: AsyncGenerator<ServerEvent>,
  options: Partial<SseOptions> = {},
): Promise<string> {
  const { output, ended, text } = fakeOutput();
  start(output, events, options);
  await ended;
  expect(text().startsWith(firstComment)).toBe(true);
  return text().slice(firstComment.length);
}

describe('a frame', () => {
  it('has an id, a name and one line of JSON', () => {
    expect(frame(3, 'token', { text: 'a\nb\r😀' })).toBe(
      'id: 3\nevent: token\ndata: {"text":"a\\nb\\r😀"}\n\n',
    );
  });

  it('rejects a name with a line break', () => {
    expect(() => frame(0, 'token\ndata: x', {})).toThrow(TypeError);
    expect(() => frame(0, 'a\rb', {})).toThrow(TypeError);
  });
});

describe('a stream', () => {
  it('numbers its events from 0', async () => {
    const text = await readText(
      (async function* () {
        yield token('a');
        yield token('b');
      })(),
    );
    expect(text).toBe(frame(0, 'token', { text: 'a' }) + frame(1, 'token', { text: 'b' }));
  });

  it('sends comments while there are no events', async () => {
    const text = await readText(
      (async function* () {
        yield token('a');
        await delay(80);
        yield token('b');
      })(),
      { pingMs: 10 },
    );
    expect(text.split(pingComment).length).toBeGreaterThan(2);
    expect(text.endsWith(frame(1, 'token', { text: 'b' }))).toBe(true);
  });

  it('ends with an error event when the work fails after the first event', async () => {
    const onError = vi.fn();
    const text = await readText(
      (async function* () {
        yield token('a');
        throw new UnrollError('deadline_exceeded', 'too late');
      })(),
      { onError },
    );
    expect(text.startsWith(frame(0, 'token', { text: 'a' }))).toBe(true);
    expect(text).toContain('id: 1\nevent: error');
    expect(text).toContain('"code":"deadline_exceeded"');
    expect(onError).toHaveBeenCalledOnce();
  });

  it('sends no details of an unexpected error', async () => {
    const text = await readText(
      (async function* () {
        yield token('a');
        throw new Error('secret path /home/me');
      })(),
    );
    expect(text).toContain('"code":"internal"');
    expect(text).not.toContain('secret');
  });

  it('ends with an error event when an event cannot be made', async () => {
    const { output, ended, text } = fakeOutput();
    const broken = Promise.reject<ServerEvent>(new UnrollError('internal', 'not finite'));
    const none = fromGenerator((async function* (): AsyncGenerator<ServerEvent> {})());
    writeEvents(output as unknown as ServerResponse, idleSocket as never, none, broken, { pingMs: 1000 });
    await ended;
    expect(text()).toContain('event: error');
  });

  it('ends the work when its client disconnects', async () => {
    const { promise: workEnded, resolve } = Promise.withResolvers<void>();
    const { output, writes } = fakeOutput();
    start(
      output,
      (async function* (): AsyncGenerator<ServerEvent> {
        try {
          for (;;) {
            yield token('a');
            await delay(1);
          }
        } finally {
          resolve();
        }
      })(),
    );
    await vi.waitFor(() => expect(writes.length).toBeGreaterThan(3));
    output.closed = true;
    output.emit('close');
    await workEnded;
    const written = writes.length;
    await delay(20);
    expect(writes.length).toBe(written);
  });

  it('takes no event while the client reads nothing', async () => {
    const data = { text: 'x'.repeat(1000) };
    let made = 0;
    const { output, text } = fakeOutput(65_536);
    start(
      output,
      (async function* (): AsyncGenerator<ServerEvent> {
        for (;;) {
          made++;
          yield { event: 'token', data };
        }
      })(),
    );
    await delay(50);
    // what the socket holds, one write beyond it, and one or two events in transit
    expect(text().length).toBeGreaterThanOrEqual(65_536);
    expect(made * 1000).toBeLessThan(65_536 + 16_384 + 5000);
    const before = made;
    output.read();
    await delay(50);
    expect(made).toBeGreaterThan(before);
    output.emit('close');
  });

  it('writes a large event in pieces, as the client reads', async () => {
    const data = { rows: Array.from({ length: 100_000 }, (_, i) => i) };
    const { output, writes, ended, text } = fakeOutput(20_000);
    start(
      output,
      (async function* () {
        yield { event: 'done', data };
      })(),
    );
    await delay(20);
    expect(text().length).toBeLessThan(100_000);
    const reading = setInterval(() => output.read(), 1);
    onTestFinished(() => clearInterval(reading));
    await ended;
    expect(Math.max(...writes.map(({ length }) => length))).toBeLessThan(65_536);
    expect(text()).toBe(`${firstComment}id: 0\nevent: done\ndata: ${JSON.stringify(data)}\n\n`);
  });

  it('uses one timer, however many events it has', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await readText(
      (async function* () {
        for (let i = 0; i < 50; i++) yield token('a');
      })(),
    );
    expect(timers).toHaveBeenCalledTimes(1);
    timers.mockRestore();
  });

  it('reaches a client over a socket, whole and in order', async () => {
    const server = createServer((request, response) => {
      response.writeHead(200);
      const events = fromGenerator(
        (async function* () {
          for (let i = 0; i < 3000; i++) yield token('x'.repeat(i % 200));
        })(),
      );
      writeEvents(response, request.socket, events, null, { pingMs: 1000 });
    }).listen(0);
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const [reply] = (await once(get({ port, agent: false }), 'response')) as [IncomingMessage];
    let text = '';
    for await (const piece of reply.setEncoding('utf8') as AsyncIterable<string>) text += piece;
    const expected = Array.from({ length: 3000 }, (_, i) => frame(i, 'token', { text: 'x'.repeat(i % 200) }));
    expect(text).toBe(firstComment + expected.join(''));
  });
});
