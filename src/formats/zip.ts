import { inflateRawSync } from 'node:zlib';
import { invalidWeights, quote } from './format-errors.ts';
import { getPackedBytes, readZipDirectory, type ZipEntry } from './zip-directory.ts';

/** Limits on a zip, checked from its directory before anything is unpacked. */
const zipLimits = {
  entries: 20_000,
  /** Unpacked size of one entry, and of all. */
  bytes: 2 * 1024 ** 3,
  /**
   * Compression ratio. Deflate reaches at most 1032 to 1; weights pack to about 0.9, zeros and JSON better.
   */
  ratio: 200,
  /** Unpacked size up to which the ratio is not checked. */
  smallBytes: 16 * 1024 * 1024,
} as const;

/** Bytes inflated at a time: terminating the thread waits for one chunk. */
const maxChunkBytes = 16 * 1024 * 1024;

/** Lists the names of a zip's entries. @throws UnrollError invalid_weights */
export const listZipEntries = (bytes: Uint8Array): string[] =>
  readZipDirectory(bytes, zipLimits.entries).map(({ name }) => name);

/**
 * Unpacks the entries of a zip by name. An entry is never inflated beyond the size in the directory.
 * @param isWanted selects the entries to unpack
 * @throws UnrollError invalid_weights
 */
export function readZip(
  bytes: Uint8Array,
  isWanted: (name: string) => boolean = () => true,
): ReadonlyMap<string, Uint8Array> {
  const entries = readZipDirectory(bytes, zipLimits.entries).filter(
    ({ name }) => !name.endsWith('/') && isWanted(name),
  );
  checkEntries(entries, bytes.length);
  const packed = entries.map((entry) => getPackedBytes(bytes, entry));
  checkOverlaps(entries, packed);
  return new Map(entries.map((entry, index) => [entry.name, unpack(entry, packed[index]!)]));
}

function checkEntries(entries: readonly ZipEntry[], fileBytes: number): void {
  const names = new Set<string>();
  let total = 0;
  for (const { name, bytes, packedBytes, method, encrypted } of entries) {
    if (names.has(name)) invalidWeights(`the zip names ${quote(name)} twice`);
    names.add(name);
    if (encrypted) invalidWeights(`entry ${quote(name)} is encrypted`);
    if (method !== 0 && method !== 8)
      invalidWeights(`entry ${quote(name)} is packed by method ${method}, must be stored or deflate`);
    if (method === 0 && bytes !== packedBytes)
      invalidWeights(`entry ${quote(name)} is stored, but its sizes differ`);
    total += bytes;
    if (total > zipLimits.bytes) invalidWeights(`the zip unpacks to more than ${zipLimits.bytes} bytes`);
    // limits the sum, too: a zip may have many small entries
    if (total > zipLimits.smallBytes && total > fileBytes * zipLimits.ratio)
      invalidWeights(
        `the zip unpacks ${Math.round(total / fileBytes)} to 1, the limit is ${zipLimits.ratio}`,
      );
    if (bytes > zipLimits.smallBytes && bytes > packedBytes * zipLimits.ratio)
      invalidWeights(
        `entry ${quote(name)} is packed ${Math.round(bytes / packedBytes)} to 1, the limit is ${zipLimits.ratio}`,
      );
  }
}

/** Refuses entries that share bytes of the file: many names of one piece would unpack it many times. */
function checkOverlaps(entries: readonly ZipEntry[], packed: readonly Uint8Array[]): void {
  const ranges = packed.map(({ byteOffset, length }, index) => ({
    name: entries[index]!.name,
    begin: byteOffset,
    end: byteOffset + length,
  }));
  let covered = 0;
  for (const { name, begin, end } of ranges.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered && end > begin) invalidWeights(`entry ${quote(name)} overlaps another`);
    covered = Math.max(covered, end);
  }
}

function unpack({ name, method, bytes }: ZipEntry, packed: Uint8Array): Uint8Array {
  if (method === 0) return packed;
  let file: Uint8Array;
  try {
    file = inflateRawSync(packed, {
      maxOutputLength: Math.max(1, bytes),
      chunkSize: Math.min(maxChunkBytes, Math.max(64, bytes)),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      return invalidWeights(`entry ${quote(name)} has more than the ${bytes} bytes that the directory says`);
    return invalidWeights('the zip cannot be unpacked', error);
  }
  if (file.length !== bytes)
    invalidWeights(`entry ${quote(name)} has ${file.length} bytes, the directory says ${bytes}`);
  return file;
}
