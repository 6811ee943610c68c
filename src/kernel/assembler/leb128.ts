// LEB128 integers and length-prefixed byte vectors (WebAssembly core specification, 5.2 Values).

export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  pushUnsigned(bytes, value);
  return bytes;
}

/** Appends `unsignedLeb(value)`. */
export function pushUnsigned(bytes: number[], value: number): void {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
}

export function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const signShown = (low & 0x40) !== 0;
    if ((rest === 0 && !signShown) || (rest === -1 && signShown)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

/** Bytes in pieces: a module has 200,000 of them, which are copied once. */
export type Chunks = readonly (readonly number[])[];

export const byteLength = (chunks: Chunks): number => chunks.reduce((sum, { length }) => sum + length, 0);

export function concatenate(chunks: Chunks): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength(chunks));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

export const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsignedLeb(items.length),
  ...items.flat(),
];

export function utf8Name(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...unsignedLeb(bytes.length), ...bytes];
}
