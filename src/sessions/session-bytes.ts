import { UnrollError } from '../errors.ts';
import type { Point, Session } from './session.ts';

// A session as bytes, for a store outside of this process: the length of a JSON header, the header, and the
// arrays that it names, one after the other.

type Floats = Float32Array | Int32Array;

/** A header's word for an array: its kind and its length. */
type ArrayWord = readonly ['f' | 'i', number] | null;
type StoredPoint = readonly [steps: number, pendingId: number | null];

interface Header {
  readonly v: 1;
  readonly session: Omit<Session, keyof Point | 'marks' | 'history'>;
  readonly point: StoredPoint;
  readonly marks: readonly (readonly [name: string, ...StoredPoint])[];
  readonly history: readonly (readonly [steps: number, ...StoredPoint])[];
  readonly arrays: readonly ArrayWord[];
}

const lengthBytes = 4;

export function encodeSession(session: Session): Buffer {
  const { steps, pendingId, state, marks, history, ...rest } = session;
  const arrays: (Floats | null)[] = [
    state,
    ...marks.map((mark) => mark.state),
    ...history.flatMap(({ from, input }) => [from.state, input]),
  ];
  const header: Header = {
    v: 1,
    session: rest,
    point: [steps, pendingId],
    marks: marks.map((mark) => [mark.name, mark.steps, mark.pendingId]),
    history: history.map(({ from, steps: count }) => [count, from.steps, from.pendingId]),
    arrays: arrays.map((values) => values && [values instanceof Int32Array ? 'i' : 'f', values.length]),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(text.length);
  const parts = arrays.flatMap((values) =>
    values ? [new Uint8Array(values.buffer, values.byteOffset, values.byteLength)] : [],
  );
  return Buffer.concat([length, text, ...parts]);
}

/** @throws UnrollError invalid_state for bytes that are not whole */
export function decodeSession(bytes: Uint8Array): Session {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const end = lengthBytes + buffer.readUInt32LE(0);
    const header = JSON.parse(buffer.subarray(lengthBytes, end).toString()) as Header;
    if (header.v !== 1) throw new RangeError(`its layout is ${String(header.v)}, this server reads 1`);
    const arrays = readArrays(buffer.subarray(end), header.arrays);
    const next = (): Floats | null => arrays.shift() ?? null;
    const point = ([steps, pendingId]: StoredPoint): Point => ({
      steps,
      pendingId,
      state: next() as Float32Array | null,
    });
    return {
      ...header.session,
      ...point(header.point),
      marks: header.marks.map(([name, ...at]) => ({ name, ...point(at) })),
      history: header.history.map(([steps, ...at]) => ({ from: point(at), input: next()!, steps })),
    };
  } catch (error) {
    if (error instanceof UnrollError) throw error;
    throw new UnrollError('invalid_state', `the stored session cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function readArrays(bytes: Buffer, words: readonly ArrayWord[]): (Floats | null)[] {
  let at = 0;
  const arrays = words.map((word) => {
    if (word === null) return null;
    const [kind, length] = word;
    // copied: numbers must be aligned
    const values = Uint8Array.from(bytes.subarray(at, at + 4 * length));
    if (values.length !== 4 * length) throw new RangeError('it ends in the middle');
    at += 4 * length;
    return kind === 'i' ? new Int32Array(values.buffer) : new Float32Array(values.buffer);
  });
  if (at !== bytes.length) throw new RangeError('it has bytes after its end');
  return arrays;
}
