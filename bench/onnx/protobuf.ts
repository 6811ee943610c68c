// The part of protocol buffers' wire format that writing an ONNX file needs: varints, float32 and
// length-prefixed fields. https://protobuf.dev/programming-guides/encoding/

export type Bytes = Uint8Array;

export function varintField(field: number, value: number | bigint): Bytes {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

export function bytesField(field: number, value: Bytes): Bytes {
  return Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
}

export function stringField(field: number, value: string): Bytes {
  return bytesField(field, Buffer.from(value, 'utf8'));
}

/** A float32: fixed, four bytes. */
export function floatField(field: number, value: number): Bytes {
  return Buffer.concat([varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer)]);
}

export function messageField(field: number, parts: readonly Bytes[]): Bytes {
  return bytesField(field, Buffer.concat(parts));
}

function varint(value: number | bigint): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
