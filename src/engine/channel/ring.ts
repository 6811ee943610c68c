// A pipe of messages from one thread to one other, over shared memory. Bytes go round a ring; a message is its length
// and then its bytes. Whatever does not fit waits, in order, on the writer's side and follows as the reader makes room:
// a message may be larger than the ring.

const writtenWord = 0;
/** On another cache line, so that reader and writer do not contend for one. */
const readWord = 16;
const headerBytes = 128;
const lengthBytes = 4;

/** @param capacity bytes, a power of two: positions count on past it and wrap at 2³² */
export function createRing(capacity: number): SharedArrayBuffer {
  if (capacity < 8 || (capacity & (capacity - 1)) !== 0)
    throw new RangeError(`not a power of two: ${capacity}`);
  return new SharedArrayBuffer(headerBytes + capacity);
}

interface Ends {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

const endsOf = (ring: SharedArrayBuffer): Ends => ({
  words: new Int32Array(ring, 0, headerBytes / 4),
  bytes: new Uint8Array(ring, headerBytes),
});
const load = (words: Int32Array, word: number): number => Atomics.load(words, word) >>> 0;

export interface RingWriter {
  /** Never blocks. The bytes must not change afterwards: they may still be waiting. */
  write(message: Uint8Array): void;
  /** Moves waiting bytes into the ring. @returns whether none are left */
  flush(): boolean;
}

export function createRingWriter(ring: SharedArrayBuffer): RingWriter {
  const { words, bytes } = endsOf(ring);
  let waiting: Uint8Array[] = [];

  /** @returns how many bytes of the piece fitted */
  const copy = (piece: Uint8Array): number => {
    const written = load(words, writtenWord);
    const room = bytes.length - ((written - load(words, readWord)) >>> 0);
    const count = Math.min(room, piece.length);
    const start = written % bytes.length;
    const first = Math.min(count, bytes.length - start);
    bytes.set(piece.subarray(0, first), start);
    bytes.set(piece.subarray(first, count), 0);
    // published only now that the bytes are there
    Atomics.store(words, writtenWord, (written + count) | 0);
    return count;
  };

  const flush = (): boolean => {
    let done = 0;
    for (; done < waiting.length; done++) {
      const piece = waiting[done]!;
      const count = copy(piece);
      if (count < piece.length) {
        waiting[done] = piece.subarray(count);
        break;
      }
    }
    if (done > 0) waiting = waiting.slice(done);
    return waiting.length === 0;
  };

  return {
    write(message) {
      const length = new Uint8Array(lengthBytes);
      new DataView(length.buffer).setUint32(0, message.length);
      waiting.push(length, message);
      flush();
    },
    flush,
  };
}

export interface RingReader {
  /** The next whole message in memory of its own, or null until one has arrived. */
  read(): Uint8Array | null;
}

export function createRingReader(ring: SharedArrayBuffer): RingReader {
  const { words, bytes } = endsOf(ring);
  const length = new Uint8Array(lengthBytes);
  let piece = length;
  let filled = 0;

  /** Fills the piece at hand with what has arrived. @returns whether it is whole */
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
