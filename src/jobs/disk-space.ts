import { statfs } from 'node:fs/promises';
import { UnrollError } from '../errors.ts';

export interface DiskSpace {
  /** @throws UnrollError disk_full where `bytes` more would leave less than the reserve */
  check(bytes: number): Promise<void>;
}

/** @param folder an existing one, or one that is yet to be made: then its disk is not looked at */
export function createDiskSpace(folder: string, reserveBytes: number): DiskSpace {
  return {
    async check(bytes) {
      const free = await freeBytes(folder);
      if (free === null || free - bytes >= reserveBytes) return;
      throw new UnrollError(
        'disk_full',
        `the disk of UNROLL_DATA has ${free} bytes free, ${bytes} are wanted and ${reserveBytes} are kept free (UNROLL_DISK_RESERVE_BYTES)`,
      );
    },
  };
}

async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
