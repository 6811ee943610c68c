// Values in words of four bytes, one after the other: a message is read in the order in which it was written.

const firstCapacity = 1 << 12;

export interface WordWriter {
  /** Begins a message. The bytes of the one before are written over. */
  restart(): void;
  /** An integer of 32 bits. */
  int(value: number): void;
  double(value: number): void;
  ints(values: ArrayLike<number>): void;
  floats(values: Float32Array): void;
  octets(values: Uint8Array): void;
  /** In UTF-16, so that no unit is lost. */
  text(value: string): void;
  /** What was written since the last restart, valid until the next one. */
  bytes(): Uint8Array;
}

/** One double as two words. */
const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);

export function createWordWriter(): WordWriter {
  let ints = new Int32Array(firstCapacity);
  let floats = new Float32Array(ints.buffer);
  let octets = new Uint8Array(ints.buffer);
  let units = new Uint16Array(ints.buffer);
  let at = 0;

  /** Makes room for more words, besides those that each value needs. */
  const reserve = (count: number): void => {
    if (at + count <= ints.length) return;
    const grown = new Int32Array(Math.max(2 * ints.length, at + count));
    grown.set(ints);
    ints = grown;
    floats = new Float32Array(ints.buffer);
    octets = new Uint8Array(ints.buffer);
    units = new Uint16Array(ints.buffer);
  };

  return {
    restart: () => void (at = 0),
    int(value) {
      reserve(1);
      ints[at++] = value;
    },
    double(value) {
      reserve(2);
      double[0] = value;
      ints[at++] = doubleWords[0]!;
      ints[at++] = doubleWords[1]!;
    },
    ints(values) {
      reserve(1 + values.length);
      ints[at++] = values.length;
      ints.set(values, at);
      at += values.length;
    },
    floats(values) {
      reserve(1 + values.length);
      ints[at++] = values.length;
      floats.set(values, at);
      at += values.length;
    },
    octets(values) {
      const words = Math.ceil(values.length / 4);
      reserve(1 + words);
      ints[at++] = values.length;
      octets.set(values, 4 * at);
      at += words;
    },
    text(value) {
      const words = Math.ceil(value.length / 2);
      reserve(1 + words);
      ints[at++] = value.length;
      for (let i = 0; i < value.length; i++) units[2 * at + i] = value.charCodeAt(i);
      at += words;
    },
    bytes: () => octets.subarray(0, 4 * at),
  };
}

export interface WordReader {
  int(): number;
  double(): number;
  /** A view of the message. */
  ints(): Int32Array;
  /** A view of the message. */
  floats(): Float32Array;
  /** A view of the message. */
  octets(): Uint8Array;
  text(): string;
}

/** Longer texts are decoded by Buffer, shorter ones faster here. */
const maxShortText = 64;

/** @param bytes a whole message, at an offset that is a multiple of four */
export function createWordReader({ buffer, byteOffset, length }: Uint8Array): WordReader {
  const ints = new Int32Array(buffer, byteOffset, length / 4);
  let at = 0;
  const skip = (words: number): number => {
    const from = at;
    at += words;
    return from;
  };
  return {
    int: () => ints[at++]!,
    double() {
      doubleWords[0] = ints[at++]!;
      doubleWords[1] = ints[at++]!;
      return double[0]!;
    },
    ints() {
      const count = ints[at++]!;
      const from = skip(count);
      return ints.subarray(from, from + count);
    },
    floats() {
      const count = ints[at++]!;
      return new Float32Array(buffer, byteOffset + 4 * skip(count), count);
    },
    octets() {
      const count = ints[at++]!;
      return new Uint8Array(buffer, byteOffset + 4 * skip(Math.ceil(count / 4)), count);
    },
    text() {
      const count = ints[at++]!;
      const from = byteOffset + 4 * skip(Math.ceil(count / 2));
      if (count > maxShortText) return Buffer.from(buffer, from, 2 * count).toString('utf16le');
      let text = '';
      for (const unit of new Uint16Array(buffer, from, count)) text += String.fromCharCode(unit);
      return text;
    },
  };
}
