import { statfs } from 'node:fs/promises';
import { UnrollError } from '../errors.ts';

export interface DiskSpace {
  /** @throws UnrollError disk_full if `bytes` more would leave less free space than the reserve */
  check(bytes: number): Promise<void>;
}

/**
 * @param folder on the disk to check; nothing is checked while it does not exist
 * @param setting that names the folder
 */
export function createDiskSpace(
  folder: string,
  reserveBytes: number,
  setting: 'UNROLL_DATA' | 'UNROLL_MODELS' = 'UNROLL_DATA',
): DiskSpace {
  return {
    async check(bytes) {
      const free = await freeBytes(folder);
      if (free === null || free - bytes >= reserveBytes) return;
      throw new UnrollError(
        'disk_full',
        `the disk of ${setting} has ${free} bytes free, ${bytes} are needed and ${reserveBytes} are reserved (UNROLL_DISK_RESERVE_BYTES)`,
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
