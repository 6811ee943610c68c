/** Formats that are recognized by a file's first bytes. */
export type FileFormat = 'safetensors' | 'npy' | 'zip' | 'pickle' | 'hdf5' | 'onnx' | 'json';

const startsWith = (bytes: Uint8Array, ...head: number[]): boolean =>
  head.every((byte, i) => bytes[i] === byte);

/** Detects the format of a file from its first bytes; null when it is none of them. */
export function detectFormat(bytes: Uint8Array): FileFormat | null {
  if (startsWith(bytes, 0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)) return 'npy';
  if (startsWith(bytes, 0x50, 0x4b, 0x03, 0x04) || startsWith(bytes, 0x50, 0x4b, 0x05, 0x06)) return 'zip';
  if (startsWith(bytes, 0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)) return 'hdf5';
  // PROTO 2 to 5
  if (bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5) return 'pickle';
  // a header of less than 4 GiB, in JSON
  if (startsWith(bytes.subarray(4), 0, 0, 0, 0, 0x7b)) return 'safetensors';
  // ModelProto begins with ir_version, a small number
  if (bytes[0] === 0x08 && bytes[1]! > 0 && bytes[1]! < 0x80) return 'onnx';
  const text = bytes.findIndex((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return bytes[text] === 0x7b ? 'json' : null;
}
