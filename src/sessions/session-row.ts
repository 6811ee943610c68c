import { crc32 } from 'node:zlib';
import { UnrollError } from '../errors.ts';
import type { ArchivedSession } from './session-archive.ts';
import type { Point, Session, Stretch } from './session.ts';
import { toOwnId } from './session-id.ts';

// A session as a row of a database: what is searched for in columns, all else in a body of bytes:
// version u8 | crc32 u32 | length of the header u32 | header, JSON | numbers of the state, the marks and the
// history, 4 bytes each, little-endian. The checksum covers the columns, but the time of expiry, and what follows it.

export interface SessionRow {
  readonly id: string;
  readonly owner: string | null;
  readonly model: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly body: Uint8Array;
}

const bodyVersion = 1;
const headerAt = 9;

/** Steps, pending token, numbers of the state; −1 for the initial state. */
type StoredPoint = readonly [steps: number, pendingId: number | null, floats: number];
interface Header {
  readonly version: number;
  readonly weights: string;
  readonly ttl: number;
  readonly durable: boolean;
  readonly keep: number;
  readonly at: StoredPoint;
  readonly marks: readonly (readonly [name: string, point: StoredPoint])[];
  readonly history: readonly (readonly [
    from: StoredPoint,
    kind: 'ids' | 'floats',
    length: number,
    steps: number,
  ])[];
}

const toPoint = ({ steps, pendingId, state }: Point): StoredPoint => [steps, pendingId, state?.length ?? -1];

export function toRow({ session, expiresAtMs }: ArchivedSession): SessionRow {
  const { id, owner, model, createdAt, marks, history } = session;
  const header: Header = {
    version: session.version,
    weights: session.weightsHash,
    ttl: session.ttlMs,
    durable: session.durable,
    keep: session.keepSteps,
    at: toPoint(session),
    marks: marks.map((mark) => [mark.name, toPoint(mark)]),
    history: history.map(({ from, input, steps }) => [
      toPoint(from),
      input instanceof Int32Array ? 'ids' : 'floats',
      input.length,
      steps,
    ]),
  };
  const text = Buffer.from(JSON.stringify(header));
  const arrays = [
    session.state,
    ...marks.map(({ state }) => state),
    ...history.flatMap(({ from, input }) => [from.state, input]),
  ];
  const length = arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), headerAt + text.length);
  // not from Buffer's pool, all of which a message would carry
  const body = new Uint8Array(length);
  const view = new DataView(body.buffer);
  view.setUint8(0, bodyVersion);
  view.setUint32(5, text.length, true);
  body.set(text, headerAt);
  let at = headerAt + text.length;
  for (const array of arrays)
    if (array) {
      body.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
      at += array.byteLength;
    }
  const row = { id, owner, model, createdAt, expiresAt: expiresAtMs, body };
  view.setUint32(1, checksum(row), true);
  return row;
}

/** @throws UnrollError invalid_state for a row that is damaged, or from a later version */
export function fromRow(row: SessionRow): ArchivedSession {
  const { id, owner, model, createdAt, expiresAt, body } = row;
  const fail = (reason: string): never => {
    throw new UnrollError('invalid_state', `the session ${toOwnId(id)} cannot be read: ${reason}`);
  };
  if (!(body instanceof Uint8Array) || body.length < headerAt) return fail('it is damaged: it has no body');
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  if (view.getUint32(1, true) !== checksum(row))
    return fail('it is damaged: its checksum is not that of its content');
  if (view.getUint8(0) !== bodyVersion)
    return fail(`its layout is version ${view.getUint8(0)}, this server reads version ${bodyVersion}`);
  const start = headerAt + view.getUint32(5, true);
  const header = JSON.parse(Buffer.from(body.subarray(headerAt, start)).toString()) as Header;
  let at = start;
  /** Copies, since numbers must be aligned. */
  const take = (count: number): ArrayBuffer => {
    const bytes = Uint8Array.from(body.subarray(at, at + count * 4));
    at += count * 4;
    return bytes.buffer;
  };
  const point = ([steps, pendingId, floats]: StoredPoint): Point => ({
    steps,
    pendingId,
    state: floats < 0 ? null : new Float32Array(take(floats)),
  });
  const session: Session = {
    id,
    owner,
    model,
    createdAt,
    version: header.version,
    weightsHash: header.weights,
    ttlMs: header.ttl,
    durable: header.durable,
    keepSteps: header.keep,
    ...point(header.at),
    marks: header.marks.map(([name, mark]) => ({ name, ...point(mark) })),
    history: header.history.map(([from, kind, length, steps]): Stretch => {
      const first = point(from);
      const numbers = take(length);
      return {
        from: first,
        input: kind === 'ids' ? new Int32Array(numbers) : new Float32Array(numbers),
        steps,
      };
    }),
  };
  return { session, expiresAtMs: expiresAt };
}

function checksum({ id, owner, model, createdAt, body }: SessionRow): number {
  const columns = crc32(JSON.stringify([id, owner, model, createdAt]));
  const version = crc32(body.subarray(0, 1), columns);
  return crc32(body.subarray(5), version);
}
