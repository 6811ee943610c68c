import { UnrollError } from '../errors.ts';
import { fromRow, toRow, type SessionRow } from './session-row.ts';
import type { Session } from './session.ts';

// A session as bytes alone, for a store without columns: the length of the columns' JSON u32, the JSON, the body.

const lengthBytes = 4;

export function encodeSession(session: Session): Buffer {
  const { body, ...columns } = toRow({ session, expiresAtMs: 0 });
  const text = Buffer.from(JSON.stringify(columns));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, body]);
}

/** @throws UnrollError invalid_state for bytes that are not whole */
export function decodeSession(bytes: Buffer): Session {
  let row: SessionRow;
  try {
    const end = lengthBytes + bytes.readUInt32LE(0);
    const columns = JSON.parse(bytes.subarray(lengthBytes, end).toString()) as Omit<SessionRow, 'body'>;
    row = { ...columns, body: bytes.subarray(end) };
  } catch (error) {
    throw new UnrollError('invalid_state', 'a stored session cannot be read: it is damaged', {
      cause: error,
    });
  }
  return fromRow(row).session;
}
