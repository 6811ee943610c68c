// The top level of a protocol buffer, without what is in its messages: enough to tell which message it is.

interface OutlinedField {
  /** 0 a varint, 2 bytes; others are not distinguished. */
  readonly wire: number;
  /** The bytes of a message or a string, as far as they are there; empty for numbers. */
  readonly content: Uint8Array;
}

/** A frozen graph has a field for each of its nodes: a few of them tell what it is. */
const maxFields = 1000;

/**
 * Outlines a message by its first field of each number. It ends at the first byte that cannot be a field, so
 * the beginning of a file gives the beginning of its outline.
 */
export function outlineProtobuf(bytes: Uint8Array): ReadonlyMap<number, OutlinedField> {
  const fields = new Map<number, OutlinedField>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift++) {
      const byte = bytes[at++] ?? NaN;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (!(byte >= 0x80)) return Number.isNaN(byte) ? NaN : value;
    }
    return NaN;
  };
  for (let count = 0; at < bytes.length && count < maxFields; count++) {
    const key = varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (!(number > 0) || ![0, 1, 2, 5].includes(wire)) break;
    const length = wire === 2 ? varint() : wire === 0 ? 0 : wire === 1 ? 8 : 4;
    if (wire === 0 && Number.isNaN(varint())) break;
    if (Number.isNaN(length)) break;
    if (!fields.has(number))
      fields.set(number, { wire, content: wire === 2 ? bytes.subarray(at, at + length) : new Uint8Array() });
    at += length;
  }
  return fields;
}
