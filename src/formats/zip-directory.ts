import { invalidWeights, quote } from './format-errors.ts';

// A zip's central directory (PKWARE's APPNOTE.TXT, 4.3): records at the file's end with each entry's name,
// sizes and offset.

export interface ZipEntry {
  readonly name: string;
  /** Compression method: 0 stored, 8 deflate. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly packedBytes: number;
  /** Unpacked size according to the directory, not verified yet. */
  readonly bytes: number;
  /** Of its local header, in bytes from the file's start. */
  readonly offset: number;
}

const endSignature = 0x06054b50;
const end64LocatorSignature = 0x07064b50;
const end64Signature = 0x06064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const maxCommentBytes = 0xffff;
/** Marks a 32-bit field whose value is in the zip64 field. */
const absent32 = 0xffffffff;

/**
 * Reads the central directory.
 * @param maxEntries limit, checked before the entries are read
 * @throws UnrollError invalid_weights
 */
export function readZipDirectory(file: Uint8Array, maxEntries: number): ZipEntry[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const { count, offset } = findDirectory(view);
  if (count > maxEntries) invalidWeights(`the zip has more than ${maxEntries} entries`);
  const entries: ZipEntry[] = [];
  let at = offset;
  for (let index = 0; index < count; index++) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== entrySignature)
      invalidWeights(`the zip's directory ends after ${index} of ${count} entries`);
    const flags = view.getUint16(at + 8, true);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    );
    const extraAt = at + 46 + nameBytes!;
    const next = extraAt + extraBytes! + commentBytes!;
    if (next > view.byteLength) invalidWeights(`the zip's directory ends in entry ${index}`);
    const nameView = file.subarray(at + 46, extraAt);
    const name = new TextDecoder(flags & 0x800 ? 'utf-8' : 'latin1').decode(nameView);
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      encrypted: (flags & 1) !== 0,
      ...readSizes(view, at, extraAt, extraAt + extraBytes!, name),
    });
    at = next;
  }
  return entries;
}

/** Returns an entry's packed bytes as a view of the file. @throws UnrollError invalid_weights */
export function getPackedBytes(file: Uint8Array, { name, offset, packedBytes }: ZipEntry): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (offset + 30 > view.byteLength || view.getUint32(offset, true) !== localSignature)
    return invalidWeights(`entry ${quote(name)} is not where the directory says`);
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packedBytes > view.byteLength) invalidWeights(`entry ${quote(name)} is longer than the file`);
  return file.subarray(start, start + packedBytes);
}

function findDirectory(view: DataView): { count: number; offset: number } {
  const last = view.byteLength - endBytes;
  let end = last;
  while (end >= 0 && view.getUint32(end, true) !== endSignature) if (--end < last - maxCommentBytes) end = -1;
  if (end < 0) return invalidWeights('the zip has no directory');
  const count = view.getUint16(end + 10, true);
  const offset = view.getUint32(end + 16, true);
  const locator = end - 20;
  const is64 = locator >= 0 && view.getUint32(locator, true) === end64LocatorSignature;
  if (!is64) return { count, offset };
  const end64 = Number(view.getBigUint64(locator + 8, true));
  if (end64 + 56 > view.byteLength || view.getUint32(end64, true) !== end64Signature)
    return invalidWeights('the zip64 directory is not where the zip says');
  return {
    count: Number(view.getBigUint64(end64 + 32, true)),
    offset: Number(view.getBigUint64(end64 + 48, true)),
  };
}

/**
 * Reads an entry's sizes and offset. Those that need more than 32 bits are in the zip64 extra field, in this
 * order.
 */
function readSizes(
  view: DataView,
  entry: number,
  extra: number,
  extraEnd: number,
  name: string,
): Pick<ZipEntry, 'bytes' | 'packedBytes' | 'offset'> {
  const sizes = { bytes: 24, packedBytes: 20, offset: 42 };
  let at = extra;
  while (at + 4 <= extraEnd && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  let field = at + 4;
  const fieldEnd = at + 4 <= extraEnd ? Math.min(extraEnd, field + view.getUint16(at + 2, true)) : 0;
  for (const key of ['bytes', 'packedBytes', 'offset'] as const) {
    sizes[key] = view.getUint32(entry + sizes[key], true);
    if (sizes[key] !== absent32) continue;
    if (field + 8 > fieldEnd) return invalidWeights(`entry ${quote(name)} has no zip64 sizes`);
    sizes[key] = Number(view.getBigUint64(field, true));
    field += 8;
  }
  return sizes;
}
