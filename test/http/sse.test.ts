import { Writable, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { describe, expect, it, vi } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import {
  formatEvent as frameParts,
  firstComment,
  formatStream,
  pingComment,
  sendEvents,
} from '../../src/http/sse.ts';
import type { ServerEvent } from '../../src/http/sse.ts';

const frame = (id: number | null, event: string, data: object): string =>
  [...frameParts(id, event, data)].join('');
const token = (text: string): ServerEvent => ({ event: 'token', data: { text } });

async function readText(events: AsyncGenerator<ServerEvent>, options = {}): Promise<string[]> {
  const parts: string[] = [];
  for await (const part of formatStream(events, events.next(), { pingMs: 1000, ...options }))
    parts.push(part);
  expect(parts.shift()).toBe(firstComment);
  return parts;
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
    const parts = await readText(
      (async function* () {
        yield token('a');
        yield token('b');
      })(),
    );
    expect(parts).toEqual([frame(0, 'token', { text: 'a' }), frame(1, 'token', { text: 'b' })]);
  });

  it('sends comments while there are no events', async () => {
    const parts = await readText(
      (async function* () {
        yield token('a');
        await delay(60);
        yield token('b');
      })(),
      { pingMs: 10 },
    );
    expect(parts.filter((part) => part === pingComment).length).toBeGreaterThan(1);
    expect(parts.at(-1)).toBe(frame(1, 'token', { text: 'b' }));
  });

  it('ends with an error event when the work fails after the first event', async () => {
    const onError = vi.fn();
    const parts = await readText(
      (async function* () {
        yield token('a');
        throw new UnrollError('deadline_exceeded', 'too late');
      })(),
      { onError },
    );
    expect(parts).toHaveLength(2);
    expect(parts[1]).toContain('event: error');
    expect(parts[1]).toContain('"code":"deadline_exceeded"');
    expect(onError).toHaveBeenCalledOnce();
  });

  it('sends no details of an unexpected error', async () => {
    const parts = await readText(
      (async function* () {
        yield token('a');
        throw new Error('secret path /home/me');
      })(),
    );
    expect(parts[1]).toContain('"code":"internal"');
    expect(parts[1]).not.toContain('secret');
  });

  it('ends the work when its client disconnects', async () => {
    let ended = false;
    const events = (async function* (): AsyncGenerator<ServerEvent> {
      try {
        for (;;) {
          yield token('a');
          await delay(1);
        }
      } finally {
        ended = true;
      }
    })();
    for await (const part of formatStream(events, events.next(), { pingMs: 1000 }))
      if (part.startsWith('id: 3')) break;
    expect(ended).toBe(true);
  });

  it('requests an event when the client has read the one before', async () => {
    const data = { text: 'x'.repeat(1000) };
    let made = 0;
    const events = (async function* (): AsyncGenerator<ServerEvent> {
      for (;;) {
        made++;
        yield { event: 'token', data };
      }
    })();
    let stream: Readable | undefined;
    const reply = {
      request: { method: 'POST', raw: {} },
      type: () => reply,
      header: () => reply,
      send: (given: Readable) => ((stream = given), reply),
    };
    await sendEvents(reply as unknown as FastifyReply, events, { pingMs: 1000 });
    const stuck = new Writable({ highWaterMark: 65_536, write: () => {} });
    stream!.pipe(stuck);
    await delay(50);
    // the content of the socket's buffer, and one or two events in transit
    expect(made * 1000).toBeLessThan(65_536 + 5000);
    stream!.destroy();
  });

  it('writes a large event in pieces', async () => {
    const data = { rows: Array.from({ length: 100_000 }, (_, i) => i) };
    const parts = await readText(
      (async function* () {
        yield { event: 'done', data };
      })(),
    );
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(65_536);
    expect(parts.join('')).toBe(`id: 0\nevent: done\ndata: ${JSON.stringify(data)}\n\n`);
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
});
