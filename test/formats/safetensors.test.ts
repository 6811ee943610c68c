import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { readSafetensors, safetensorsLimits, writeSafetensors } from '../../src/formats/safetensors.ts';
import type { Tensor } from '../../src/network/weights.ts';

/** A file with any header and any data. */
function file(header: unknown, data: Uint8Array | number = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const body = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

const entry = (shape: unknown, begin: unknown, end: unknown, dtype: unknown = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('readSafetensors', () => {
  it('reads tensors stored in any order, with metadata', () => {
    const bytes = file(
      { __metadata__: { format: 'pt' }, b: entry([2], 4, 12), a: entry([1, 1], 0, 4), s: entry([], 12, 16) },
      new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
    );
    expect([...readSafetensors(bytes)]).toEqual([
      ['b', { shape: [2], values: Float32Array.of(2, 3) }],
      ['a', { shape: [1, 1], values: Float32Array.of(1) }],
      ['s', { shape: [], values: Float32Array.of(4) }],
    ]);
  });

  it('converts half precision', () => {
    const bytes = file({ h: entry([2], 0, 4, 'F16') }, new Uint8Array(Float16Array.of(1.5, -2).buffer));
    expect(readSafetensors(bytes).get('h')!.values).toEqual(Float32Array.of(1.5, -2));
  });

  it('reads whole numbers and truth values, and marks them', () => {
    const data = new Uint8Array([...new Uint8Array(BigInt64Array.of(-7n).buffer), 1, 0]);
    const read = readSafetensors(file({ n: entry([], 0, 8, 'I64'), b: entry([2], 8, 10, 'BOOL') }, data));
    expect(read.get('n')).toEqual({ shape: [], values: Float32Array.of(-7), integer: true });
    expect(read.get('b')).toEqual({ shape: [2], values: Float32Array.of(1, 0), integer: true });
  });

  it.each(['F8_E4M3', 'F4', 'toString'])('refuses a tensor of %s when it is used, not before', (dtype) => {
    const read = readSafetensors(file({ a: entry([3], 0, 3, dtype), b: entry([1], 3, 7) }, 7));
    expect(read.get('b')!.values).toEqual(Float32Array.of(0));
    expect(read.get('a')!.shape).toEqual([3]);
    expect(() => read.get('a')!.values).toThrow(`tensor "a": its dtype is "${dtype}", must be one of F16`);
  });

  it('reads a file without tensors, and tensors named like properties of Object', () => {
    expect(readSafetensors(file('{}')).size).toBe(0);
    const odd = file('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4);
    expect([...readSafetensors(odd).keys()]).toEqual(['__proto__']);
  });

  const tooMany = Object.fromEntries(
    Array.from({ length: safetensorsLimits.tensors + 1 }, (_, k) => [`t${k}`, entry([0], 0, 0)]),
  );
  it.each<[what: string, bytes: Uint8Array, says: string]>([
    ['an empty file', new Uint8Array(0), '0 bytes cannot hold'],
    ['a file cut in the length', new Uint8Array(7), '7 bytes cannot hold'],
    ['a header longer than the file', file({}).subarray(0, 9), 'the header has 2 bytes, the whole file 9'],
    [
      'a header of 2⁶⁴ − 1 bytes',
      new Uint8Array(64).fill(255),
      'the header has 18446744073709551615 bytes, the limit',
    ],
    ['no JSON', file('{"a":'), 'the header is not JSON'],
    [
      'broken UTF-8',
      file('{"\ud800": 1}').map((byte, i) => (i === 10 ? 0xff : byte)),
      'the header is not JSON',
    ],
    ['a byte order mark', file('\ufeff{}'), 'the header is not JSON'],
    ['a deep nest', file('['.repeat(1_000_000)), 'the header is nested more than 100 deep'],
    ['a list', file([]), 'the header is not a JSON object'],
    ['null', file('null'), 'the header is not a JSON object'],
    ['a name twice', file('{"a":{},"a":{}}'), 'the header names "a" twice'],
    ['too many tensors', file(tooMany), '4097 tensors, the limit is 4096'],
    ['a long name', file({ ['n'.repeat(257)]: entry([1], 0, 4) }, 4), 'has 257 characters, the limit is 256'],
    ['an entry that is no object', file({ a: 1 }), 'tensor "a": its entry is not an object'],
    ['no dtype', file({ a: { shape: [1], data_offsets: [0, 4] } }, 4), 'its dtype is missing'],
    ['a negative size', file({ a: entry([-1, -1], 0, 4) }, 4), 'its shape is not a list of whole numbers'],
    ['a fractional size', file({ a: entry([1.5], 0, 6) }, 6), 'its shape is not a list of whole numbers'],
    [
      'a size past 2⁵³',
      file('{"a":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}', 4),
      'its shape is not',
    ],
    ['a shape of text', file({ a: entry('4', 0, 4) }, 4), 'its shape is not a list of whole numbers'],
    ['nine dimensions', file({ a: entry(Array(9).fill(1), 0, 4) }, 4), '9 dimensions, the limit is 8'],
    [
      'an absurd product',
      file({ a: entry(Array(8).fill(2 ** 53 - 1), 0, 4) }, 4),
      'has more than 536870912 elements',
    ],
    [
      'a product of 2⁶⁴, which wraps to 0 in 64 bits',
      file({ a: entry([2 ** 32, 2 ** 32], 0, 0) }),
      'has more than',
    ],
    ['offsets past the end', file({ a: entry([2], 0, 8) }, 4), 'tensor "a": bytes 0 to 8 of 4 bytes of data'],
    ['offsets backwards', file({ a: entry([1], 4, 0) }, 4), 'tensor "a": bytes 4 to 0'],
    ['negative offsets', file({ a: entry([1], -4, 0) }, 4), 'its data_offsets are not two whole numbers'],
    ['one offset', file({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4), 'not two whole numbers'],
    [
      'a length that is not the shape’s',
      file({ a: entry([2], 0, 4) }, 4),
      '[2] of F32 takes 8 bytes, its data_offsets give 4',
    ],
    ['an overlap', file({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, 8), 'tensor "b" overlaps another'],
    [
      'a hole between',
      file({ a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12),
      'bytes 4 to 8 of the data belong to no tensor',
    ],
    ['a hole before', file({ a: entry([1], 4, 8) }, 8), 'bytes 0 to 4 of the data belong to no tensor'],
    ['bytes left over', file({ a: entry([1], 0, 4) }, 5), 'bytes 4 to 5 of the data belong to no tensor'],
  ])('refuses %s', (_, bytes, says) => {
    expect(() => readSafetensors(bytes)).toThrow(UnrollError);
    expect(() => readSafetensors(bytes)).toThrow(says);
    expect(() => readSafetensors(bytes)).toThrow(expect.objectContaining({ code: 'invalid_weights' }));
  });

  it('reads or refuses any bytes', () => {
    const valid = writeSafetensors(
      new Map([
        ['first', { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) }],
        ['second', { shape: [4], values: Float32Array.of(7, 8, 9, 10) }],
      ]),
      { format: 'unroll' },
    );
    const change = fc.record({ at: fc.nat(valid.length - 1), byte: fc.integer({ min: 0, max: 255 }) });
    const mutated = fc
      .record({ changes: fc.array(change, { maxLength: 6 }), length: fc.nat(valid.length + 16) })
      .map(({ changes, length }) => {
        const bytes = new Uint8Array(length);
        bytes.set(valid.subarray(0, length));
        for (const { at, byte } of changes) if (at < length) bytes[at] = byte;
        return bytes;
      });
    const anyHeader = fc
      .record({ header: fc.json(), data: fc.nat(64) })
      .map(({ header, data }) => file(header, data));
    fc.assert(
      fc.property(fc.oneof(mutated, anyHeader, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const floats = floatsOrRefusal(bytes);
        // the result is bounded by the file's size: the smallest number has two bytes
        expect(floats * 2).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads or refuses any header', () => {
    const number = fc.oneof(fc.nat(16), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308));
    const anyEntry = fc.record(
      {
        dtype: fc.constantFrom('F32', 'F16', 'BF16', 'F64', 'I8', '__proto__', 7),
        shape: fc.oneof(fc.array(number, { maxLength: 9 }), fc.anything()),
        data_offsets: fc.oneof(fc.tuple(number, number), fc.anything()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 4 }), anyEntry), fc.nat(64), (header, data) => {
        const json = JSON.stringify(header, (_, value: unknown) => (typeof value === 'bigint' ? 1 : value));
        expect(floatsOrRefusal(file(json, data)) * 2).toBeLessThanOrEqual(data);
      }),
      { numRuns: 3000 },
    );
  });
});

/** The number of elements read; 0 when the file is refused. @throws any other error */
function floatsOrRefusal(bytes: Uint8Array): number {
  try {
    return readSafetensors(bytes)
      .values()
      .reduce((sum, { values }) => sum + values.length, 0);
  } catch (error) {
    if (error instanceof UnrollError && error.code === 'invalid_weights') return 0;
    throw error;
  }
}

describe('writeSafetensors', () => {
  it('writes files that are read back bit for bit', () => {
    const tensor = fc
      .tuple(fc.nat(5), fc.nat(5))
      .chain(([rows, columns]) =>
        fc
          .float32Array({ minLength: rows * columns, maxLength: rows * columns })
          .map((values): Tensor => ({ shape: [rows, columns], values })),
      );
    const names = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => name !== '__metadata__');
    fc.assert(
      fc.property(
        fc.dictionary(names, tensor),
        fc.dictionary(fc.string(), fc.string()),
        (tensors, metadata) => {
          const weights = new Map(Object.entries(tensors));
          const read = readSafetensors(writeSafetensors(weights, metadata));
          expect(new Map(read)).toEqual(weights);
        },
      ),
    );
  });

  it('aligns the data to 8 bytes and writes the same bytes for the same weights', () => {
    for (const name of ['a', 'ab', 'abc']) {
      const weights = new Map([[name, { shape: [1], values: Float32Array.of(1) }]]);
      const bytes = writeSafetensors(weights, { made: 'here' });
      expect((bytes.length - 4) % 8).toBe(0);
      expect(writeSafetensors(weights, { made: 'here' })).toEqual(bytes);
    }
  });
});
