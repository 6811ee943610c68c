import { outlineProtobuf } from './protobuf-outline.ts';

/** Formats that are recognized by a file's first bytes. */
export type FileFormat = 'safetensors' | 'npy' | 'zip' | 'pickle' | 'hdf5' | 'onnx' | 'json';

const startsWith = (bytes: Uint8Array, ...head: number[]): boolean =>
  head.every((byte, i) => bytes[i] === byte);

/**
 * Detects the format of a file from its first bytes; null when it is none of them. Formats that are known,
 * but not read, are in unread-formats.ts.
 */
export function detectFormat(bytes: Uint8Array): FileFormat | null {
  // a header of less than 4 GiB, in JSON. First, since its length may be the bytes of a pickle, 0x80 0x02
  if (startsWith(bytes.subarray(4), 0, 0, 0, 0, 0x7b)) return 'safetensors';
  if (startsWith(bytes, 0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)) return 'npy';
  if (startsWith(bytes, 0x50, 0x4b, 0x03, 0x04) || startsWith(bytes, 0x50, 0x4b, 0x05, 0x06)) return 'zip';
  if (startsWith(bytes, 0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)) return 'hdf5';
  // PROTO 2 to 5
  if (bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5) return 'pickle';
  if (isOnnx(bytes)) return 'onnx';
  const text = bytes.findIndex((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return bytes[text] === 0x7b ? 'json' : null;
}

/**
 * Whether a file is an ONNX ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8. Writers begin
 * with ir_version, a small number, as Core ML, TensorFlow and CNTK do with their first field: they have a message where
 * ONNX has a text, or fields that it has not.
 */
function isOnnx(bytes: Uint8Array): boolean {
  const fields = outlineProtobuf(bytes);
  const graph = fields.get(7)?.wire === 2;
  if (bytes[0] !== 0x08) return graph && (fields.has(1) || fields.has(8));
  const producer = fields.get(2)?.content[0] ?? 0x20;
  const version = bytes[1]!;
  return version > 0 && version < 0x80 && producer >= 0x20 && ![...fields.keys()].some((one) => one >= 200);
}
