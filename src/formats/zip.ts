import { unzipSync } from 'fflate';
import { refuseFile, shown } from './arrays.ts';

/** Limits on a zip, checked from its directory before anything is unpacked. */
const zipLimits = {
  entries: 20_000,
  /** Of one entry and of all, unpacked. */
  bytes: 2 * 1024 ** 3,
  /** Deflate packs 1032 to 1 at the most; weights pack to about 0.9, zeros and JSON better. */
  ratio: 200,
  /** Below this an entry, and all of them, may be packed as well as can be. */
  smallBytes: 16 * 1024 * 1024,
} as const;

/** What a zip's directory names. @throws UnrollError invalid_weights */
export function zipNames(bytes: Uint8Array): string[] {
  const names: string[] = [];
  readZip(bytes, (name) => {
    names.push(name);
    return false;
  });
  return names;
}

/**
 * The entries of a zip by name. @param wanted those to unpack
 * @throws UnrollError invalid_weights
 */
export function readZip(
  bytes: Uint8Array,
  wanted: (name: string) => boolean = () => true,
): ReadonlyMap<string, Uint8Array> {
  let entries = 0;
  let total = 0;
  const claimed = new Map<string, number>();
  try {
    const files = unzipSync(bytes, {
      filter({ name, size, originalSize, compression }) {
        if (++entries > zipLimits.entries) refuseFile(`the zip has more than ${zipLimits.entries} entries`);
        if (name.endsWith('/') || !wanted(name)) return false;
        if (claimed.has(name)) refuseFile(`the zip names ${shown(name)} twice`);
        claimed.set(name, originalSize);
        if (compression === 0 && originalSize !== size)
          refuseFile(`entry ${shown(name)} is stored, but its sizes differ`);
        total += originalSize;
        if (total > zipLimits.bytes) refuseFile(`the zip unpacks to more than ${zipLimits.bytes} bytes`);
        // many small entries, or many names for one piece of the file
        if (total > zipLimits.smallBytes && total > bytes.length * zipLimits.ratio)
          refuseFile(
            `the zip unpacks ${Math.round(total / bytes.length)} to 1, the limit is ${zipLimits.ratio}`,
          );
        if (originalSize > zipLimits.smallBytes && originalSize > size * zipLimits.ratio)
          refuseFile(
            `entry ${shown(name)} is packed ${Math.round(originalSize / size)} to 1, the limit is ${zipLimits.ratio}`,
          );
        if (size > bytes.length) refuseFile(`entry ${shown(name)} is longer than the file`);
        return true;
      },
    });
    for (const [name, file] of Object.entries(files))
      if (file.length !== claimed.get(name))
        refuseFile(`entry ${shown(name)} has ${file.length} bytes, the directory says ${claimed.get(name)}`);
    return new Map(Object.entries(files));
  } catch (error) {
    if (error instanceof Error && error.name === 'UnrollError') throw error;
    return refuseFile('the zip cannot be unpacked', error);
  }
}
