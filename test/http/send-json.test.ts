import { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { describe, expect, it } from 'vitest';
import { sendJson } from '../../src/http/send-json.ts';

/** The payload that is passed to reply.send. */
function sent(value: object): unknown {
  let payload: unknown;
  const reply = { type: () => reply, send: (given: unknown) => ((payload = given), reply) };
  sendJson(reply as unknown as FastifyReply, value);
  return payload;
}
const long = { rows: Array.from({ length: 200_000 }, (_, i) => i / 3) };

describe('a reply', () => {
  it('is sent at once when it is short', () => {
    expect(sent({ label: 'a', scores: [0.5] })).toBe('{"label":"a","scores":[0.5]}');
  });

  it('is written in pieces when it is long', async () => {
    const pieces: string[] = [];
    for await (const piece of sent(long) as Readable) pieces.push(piece as string);
    expect(pieces.length).toBeGreaterThan(10);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(131_072);
    expect(pieces.join('')).toBe(JSON.stringify(long));
  });

  it('waits for a client that does not read', async () => {
    let bytes = 0;
    const stuck = new Writable({ write: (chunk: Buffer) => void (bytes += chunk.length) });
    (sent(long) as Readable).pipe(stuck);
    await delay(50);
    expect(bytes + stuck.writableLength).toBeLessThanOrEqual(262_144);
  });
});
