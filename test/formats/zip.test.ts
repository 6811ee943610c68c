import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readZip, listZipEntries } from '../../src/formats/zip.ts';

const text = strToU8('some text, some text, some text');
const toText = (bytes: Uint8Array | undefined): string => Buffer.from(bytes!).toString();
const zipped = (level: 0 | 9 = 9): Uint8Array =>
  zipSync({ 'a.txt': text, 'folder/b.txt': strToU8('b'), 'empty.txt': new Uint8Array(0) }, { level });

/** Finds the offset of a record with a signature. */
function recordAt(zip: Uint8Array, signature: number, from = 0): number {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  for (let at = from; at + 4 <= zip.length; at++) if (view.getUint32(at, true) === signature) return at;
  throw new Error('no such record');
}
/** A copy with one number of its first directory entry changed. */
function changed(zip: Uint8Array, field: number, value: number, bits: 16 | 32 = 32): Uint8Array {
  const copy = Uint8Array.from(zip);
  const view = new DataView(copy.buffer);
  const at = recordAt(copy, 0x02014b50) + field;
  if (bits === 16) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
  return copy;
}

describe('a zip', () => {
  it.each([0, 9] as const)('is read by entry name at level %d', (level) => {
    const files = readZip(zipped(level));
    expect([...files.keys()]).toEqual(['a.txt', 'folder/b.txt', 'empty.txt']);
    expect(toText(files.get('a.txt'))).toBe('some text, some text, some text');
    expect(files.get('empty.txt')).toHaveLength(0);
    expect(listZipEntries(zipped(level))).toEqual(['a.txt', 'folder/b.txt', 'empty.txt']);
  });

  it('is unpacked only for the selected entries', () => {
    expect([...readZip(zipped(), (name) => name.startsWith('folder/')).keys()]).toEqual(['folder/b.txt']);
  });

  it('may have a comment after its directory', () => {
    const zip = Buffer.concat([zipped(), strToU8('a comment')]);
    zip.writeUInt16LE(9, recordAt(zip, 0x06054b50) + 20);
    expect(toText(readZip(zip).get('folder/b.txt'))).toBe('b');
  });

  it('is read with zip64 records', () => {
    const plain = Buffer.from(zipSync({ 'a.txt': text }, { level: 9 }));
    const directory = recordAt(plain, 0x02014b50);
    const end = recordAt(plain, 0x06054b50);
    const entry = plain.subarray(directory, end);
    const extra = Buffer.alloc(28);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(BigInt(entry.readUInt32LE(24)), 4);
    extra.writeBigUInt64LE(BigInt(entry.readUInt32LE(20)), 12);
    extra.writeBigUInt64LE(0n, 20);
    const long = Buffer.concat([entry, extra]);
    for (const field of [20, 24, 42]) long.writeUInt32LE(0xffffffff, field);
    long.writeUInt16LE(extra.length, 30);
    const end64 = Buffer.alloc(56);
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(1n, 32);
    end64.writeBigUInt64LE(BigInt(directory), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(directory + long.length), 8);
    const tail = Buffer.from(plain.subarray(end));
    tail.writeUInt16LE(0xffff, 10);
    tail.writeUInt32LE(0xffffffff, 16);
    const zip = Buffer.concat([plain.subarray(0, directory), long, end64, locator, tail]);
    expect(toText(readZip(zip).get('a.txt'))).toBe('some text, some text, some text');
    expect(() => readZip(zip.subarray(0, zip.length - 60))).toThrow('the zip has no directory');
  });

  const deflated = zipped();
  it.each([
    [
      'says less than an entry holds',
      changed(deflated, 24, 5),
      'has more than the 5 bytes that the directory says',
    ],
    ['says more than an entry holds', changed(deflated, 24, 500), 'has 31 bytes, the directory says 500'],
    ['is encrypted', changed(deflated, 8, 1, 16), 'is encrypted'],
    ['is packed in another way', changed(deflated, 10, 14, 16), 'is packed by method 14'],
    ['stores an entry of two sizes', changed(zipped(0), 24, 5), 'is stored, but its sizes differ'],
    ['puts an entry past its end', changed(deflated, 42, 1e6), 'is not where the directory says'],
    ['gives an entry more bytes than it has', changed(deflated, 20, 1e6), 'is longer than the file'],
    ['ends too soon', deflated.subarray(0, deflated.length - 1), 'the zip has no directory'],
  ])('that %s is refused', (_, zip, says) => {
    expect(() => readZip(zip)).toThrow(says);
  });

  it('with overlapping entries is refused', () => {
    const zip = Buffer.from(zipSync({ 'a.txt': text, 'b.txt': text }, { level: 9 }));
    const second = recordAt(zip, 0x02014b50, recordAt(zip, 0x02014b50) + 4);
    zip.writeUInt32LE(0, second + 42);
    expect(() => readZip(zip)).toThrow('entry "b.txt" overlaps another');
  });

  it('is never inflated beyond the size in its directory', () => {
    const zip = zipSync({ 'a.npy': new Uint8Array(30e6) }, { level: 9 });
    expect(() => readZip(changed(zip, 24, 1000))).toThrow('has more than the 1000 bytes');
  });
});
