// A ring buffer of messages from one thread to one other, in shared memory. A message is its length and then
// its bytes. Bytes that do not fit wait in order on the writer's side and are written as the reader frees
// space: a message may be larger than the ring buffer.

const writtenWord = 0;
/** On another cache line, so that reader and writer do not contend. */
const readWord = 16;
const headerBytes = 128;
const lengthBytes = 4;

/** @param capacity bytes, a power of two: positions count modulo 2³² */
export function createRing(capacity: number): SharedArrayBuffer {
  if (capacity < 8 || (capacity & (capacity - 1)) !== 0)
    throw new RangeError(`capacity: must be a power of two from 8, was ${capacity}`);
  return new SharedArrayBuffer(headerBytes + capacity);
}

interface RingViews {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

const openRing = (ring: SharedArrayBuffer): RingViews => ({
  words: new Int32Array(ring, 0, headerBytes / 4),
  bytes: new Uint8Array(ring, headerBytes),
});
const load = (words: Int32Array, word: number): number => Atomics.load(words, word) >>> 0;

export interface RingWriter {
  /** Never blocks. Bytes that do not fit are copied. */
  write(message: Uint8Array): void;
  /** Moves pending bytes into the ring buffer. @returns whether none are left */
  flush(): boolean;
}

export function createRingWriter(ring: SharedArrayBuffer): RingWriter {
  const { words, bytes } = openRing(ring);
  let pending: Uint8Array[] = [];

  /** Copies as much of a piece as fits. @returns the bytes copied */
  const copy = (piece: Uint8Array): number => {
    const written = load(words, writtenWord);
    const free = bytes.length - ((written - load(words, readWord)) >>> 0);
    const count = Math.min(free, piece.length);
    const start = written % bytes.length;
    const first = Math.min(count, bytes.length - start);
    bytes.set(piece.subarray(0, first), start);
    bytes.set(piece.subarray(first, count), 0);
    // published after the bytes are written
    Atomics.store(words, writtenWord, (written + count) | 0);
    return count;
  };

  /** Copies a message at once where all of it fits, as nearly all do. @returns whether it did */
  const copyWhole = (message: Uint8Array): boolean => {
    const { length } = message;
    const written = load(words, writtenWord);
    const free = bytes.length - ((written - load(words, readWord)) >>> 0);
    if (free < lengthBytes + length) return false;
    for (let i = 0; i < lengthBytes; i++)
      bytes[(written + i) % bytes.length] = length >>> (8 * (lengthBytes - 1 - i));
    const start = (written + lengthBytes) % bytes.length;
    const first = Math.min(length, bytes.length - start);
    if (first === length) bytes.set(message, start);
    else {
      bytes.set(message.subarray(0, first), start);
      bytes.set(message.subarray(first), 0);
    }
    // published after the bytes are written
    Atomics.store(words, writtenWord, (written + lengthBytes + length) | 0);
    return true;
  };

  const flush = (): boolean => {
    let done = 0;
    for (; done < pending.length; done++) {
      const piece = pending[done]!;
      const count = copy(piece);
      if (count < piece.length) {
        pending[done] = piece.subarray(count);
        break;
      }
    }
    if (done > 0) pending = pending.slice(done);
    return pending.length === 0;
  };

  return {
    write(message) {
      if (pending.length === 0 && copyWhole(message)) return;
      const length = new Uint8Array(lengthBytes);
      new DataView(length.buffer).setUint32(0, message.length);
      pending.push(length, message.slice());
      flush();
    },
    flush,
  };
}

export interface RingReader {
  /** The next whole message, as a copy, or null until one has arrived. */
  read(): Uint8Array | null;
}

export function createRingReader(ring: SharedArrayBuffer): RingReader {
  const { words, bytes } = openRing(ring);
  const length = new Uint8Array(lengthBytes);
  let piece = length;
  let filled = 0;

  /** Fills the current piece with the bytes that have arrived. @returns whether it is complete */
  const fill = (): boolean => {
    const read = load(words, readWord);
    const count = Math.min((load(words, writtenWord) - read) >>> 0, piece.length - filled);
    const start = read % bytes.length;
    const first = Math.min(count, bytes.length - start);
    piece.set(bytes.subarray(start, start + first), filled);
    piece.set(bytes.subarray(0, count - first), filled + first);
    filled += count;
    Atomics.store(words, readWord, (read + count) | 0);
    return filled === piece.length;
  };

  return {
    read() {
      if (piece === length) {
        if (!fill()) return null;
        piece = new Uint8Array(new DataView(length.buffer).getUint32(0));
        filled = 0;
      }
      if (!fill()) return null;
      const message = piece;
      piece = length;
      filled = 0;
      return message;
    },
  };
}
