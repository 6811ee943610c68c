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
      if (datatype === 'FP32') bytes.writeFloatLE(Number(one));
      else if (datatype === 'FP64') bytes.writeDoubleLE(Number(one));
      else if (Number(one) !== 0) bytes[0] = datatype === 'FP16' || datatype === 'BF16' ? 0 : Number(one);
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
