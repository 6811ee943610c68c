import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Point, Session } from '../../src/sessions/session.ts';
import { fromRow, toRow } from '../../src/sessions/session-row.ts';
import { decodeSession, encodeSession } from '../../src/sessions/session-bytes.ts';
import { makeSession } from './fixtures.ts';

// with NaN and −0, whose bits must stay
const state = fc.option(fc.float32Array({ maxLength: 20, noDefaultInfinity: false, noNaN: false }));
const point: fc.Arbitrary<Point> = fc.record({
  steps: fc.integer({ min: -1, max: 2 ** 40 }),
  pendingId: fc.option(fc.nat()),
  state,
});
const session: fc.Arbitrary<Session> = fc
  .record({
    at: point,
    id: fc.string({ minLength: 1 }),
    owner: fc.option(fc.string()),
    model: fc.string(),
    createdAt: fc.double({ min: 0, max: 1e11, noNaN: true }),
    ttlMs: fc.nat(),
    durable: fc.boolean(),
    marks: fc.array(fc.tuple(fc.string(), point), { maxLength: 4 }),
    history: fc.array(fc.tuple(point, fc.oneof(fc.int32Array(), fc.float32Array()), fc.nat(), fc.boolean()), {
      maxLength: 4,
    }),
  })
  .map(({ at, marks, history, id, ...more }) =>
    makeSession(id, {
      ...more,
      ...at,
      marks: marks.map(([name, where]) => ({ name, ...where })),
      // a view of a larger array, too
      history: history.map(([from, input, steps, cut]) => ({
        from,
        input: cut ? input.subarray(1) : input,
        steps,
      })),
    }),
  );

it('gives back every session as it was', () => {
  fc.assert(
    fc.property(session, fc.integer(), (one, expiresAtMs) => {
      const archived = { session: one, expiresAtMs };
      expect(fromRow(structuredClone(toRow(archived)))).toEqual(archived);
    }),
  );
});

it('adds some 200 bytes to a state', () => {
  const one = makeSession('ses_0123456789abcdefghijkl', { state: new Float32Array(512), steps: 100_000 });
  expect(toRow({ session: one, expiresAtMs: 0 }).body.length).toBeLessThan(2048 + 200);
});

it('finds every byte that was changed', () => {
  const one = makeSession('a', {
    state: Float32Array.of(1, 2, 3),
    marks: [{ name: 'm', steps: 1, pendingId: 2, state: null }],
  });
  const row = toRow({ session: one, expiresAtMs: 5 });
  const refusal = { code: 'invalid_state', message: expect.stringContaining('the session') as string };
  for (let at = 0; at < row.body.length; at++) {
    const body = Uint8Array.from(row.body);
    body[at]! ^= 1 << (at % 8);
    expect(() => fromRow({ ...row, body }), `byte ${at}`).toThrow(expect.objectContaining(refusal));
  }
  for (const length of [0, 5, 9, 40, row.body.length - 1])
    expect(() => fromRow({ ...row, body: row.body.slice(0, length) })).toThrow(
      expect.objectContaining(refusal),
    );
  for (const change of [{ id: 'b' }, { owner: 'other' }, { model: 'other' }, { createdAt: 1 }])
    expect(() => fromRow({ ...row, ...change })).toThrow(expect.objectContaining(refusal));
});

it('is bytes alone for a store without columns, and damaged bytes are refused', () => {
  const session = makeSession('s', { owner: 'é', state: Float32Array.of(1, 2), steps: 3 });
  const bytes = encodeSession(session);
  expect(decodeSession(bytes)).toEqual(session);
  for (const damaged of [
    bytes.subarray(0, 3),
    bytes.subarray(0, -1),
    Buffer.concat([bytes, bytes]),
    Buffer.alloc(40),
  ])
    expect(() => decodeSession(damaged)).toThrow(/damaged/);
});
