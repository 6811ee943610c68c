import { asBytes, asText, parseFields } from '../../../src/formats/onnx/protobuf.ts';

// Moves an ONNX file's initializers to an external file, as onnx.save_model(save_as_external_data=True) does.

export interface Moved {
  readonly model: Uint8Array;
  readonly data: Uint8Array;
}

/** @param entries a tensor's external_data entries */
export function moveOut(
  model: Uint8Array,
  entries: (tensor: { name: string; offset: number; length: number }) => Readonly<Record<string, string>>,
): Moved {
  const data: number[] = [];
  const moved = rewrite(model, 7, (graph) =>
    rewrite(graph, 5, (tensor) => {
      let name = '';
      let raw = new Uint8Array();
      const kept: number[] = [];
      for (const field of parseFields(tensor)) {
        if (field.number === 8) name = asText(field);
        if (field.number === 9) raw = Uint8Array.from(asBytes(field));
        else kept.push(...written(field.number, field.value));
      }
      // save_model aligns tensors to pages
      while (data.length % 64 > 0) data.push(0xff);
      const location = Object.entries(entries({ name, offset: data.length, length: raw.length }));
      data.push(...raw);
      const text = (of: string): Uint8Array => new TextEncoder().encode(of);
      for (const [key, value] of location)
        kept.push(...written(13, Uint8Array.from([...written(1, text(key)), ...written(2, text(value))])));
      return Uint8Array.from([...kept, ...written(14, 1n)]);
    }),
  );
  return { model: moved, data: Uint8Array.from(data) };
}

/** Replaces every field of a number in a message. */
function rewrite(message: Uint8Array, number: number, change: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const bytes: number[] = [];
  for (const field of parseFields(message))
    bytes.push(...written(field.number, field.number === number ? change(asBytes(field)) : field.value));
  return Uint8Array.from(bytes);
}

/** Does not support fixed 32- and 64-bit fields, which are not used here. */
const written = (number: number, value: bigint | Uint8Array): number[] =>
  typeof value === 'bigint'
    ? [...varint(BigInt(number << 3)), ...varint(value)]
    : [...varint(BigInt((number << 3) | 2)), ...varint(BigInt(value.length)), ...value];

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left >>= 7n) {
    if (left < 0x80n) return [...bytes, Number(left)];
    bytes.push(Number(left & 0x7fn) | 0x80);
  }
}
