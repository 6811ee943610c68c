import { sizes } from './asked.ts';

// Requests of the binary tensor extension.

/** An element of a datatype, as bytes of the binary extension. */
export function encodeElements(datatype: string, data: readonly unknown[]): Buffer {
  return Buffer.concat(
    data.map((one) => {
      const size = sizes[datatype];
      if (size === undefined) {
        const text = Buffer.from(String(one));
        const length = Buffer.alloc(4);
        length.writeUInt32LE(text.length);
        return Buffer.concat([length, text]);
      }
      const bytes = Buffer.alloc(size);
      const view = new DataView(bytes.buffer, bytes.byteOffset, size);
      const value = Number(one);
      if (datatype === 'FP16') view.setFloat16(0, value, true);
      else if (datatype === 'BF16') bytes.set(new Uint8Array(Float32Array.of(value).buffer, 2));
      else if (datatype === 'FP32') view.setFloat32(0, value, true);
      else if (datatype === 'FP64') view.setFloat64(0, value, true);
      else if (size === 8) view.setBigInt64(0, BigInt(value), true);
      else if (datatype.startsWith('INT')) bytes.writeIntLE(value, 0, size);
      else bytes.writeUIntLE(value, 0, size);
      return bytes;
    }),
  );
}

/** A request's inputs as bytes after the JSON. */
export function binary(body: object): { bytes: Buffer; length: number } {
  const chunks: Buffer[] = [];
  const json = structuredClone(body) as { inputs: Record<string, unknown>[] };
  for (const input of json.inputs) {
    const bytes = encodeElements(String(input['datatype']), input['data'] as unknown[]);
    delete input['data'];
    input['parameters'] = { binary_data_size: bytes.length };
    chunks.push(bytes);
  }
  const head = Buffer.from(JSON.stringify(json));
  return { bytes: Buffer.concat([head, ...chunks]), length: head.length };
}
export const asBinary = ({ length }: { length: number }): Record<string, string> => ({
  'content-type': 'application/octet-stream',
  'inference-header-content-length': String(length),
});
