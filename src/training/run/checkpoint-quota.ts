import type { Stats } from 'node:fs';
import { readFile, readdir, rm, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UnrollError } from '../../errors.ts';

// Limits on the disk space of all jobs' checkpoints, shared by the threads that write them.

export interface CheckpointQuota {
  readonly maxBytes: number;
  /** Free disk space that checkpoints must leave. */
  readonly reserveBytes: number;
  /** The folder with a folder for each job. */
  readonly root: string;
  /** One BigInt64: bytes used by all checkpoints. */
  readonly used: SharedArrayBuffer;
}

/** Called with checkpoints that were removed to free space. */
export type OnCheckpointsRemoved = (job: string, steps: readonly number[]) => void;

export const createCheckpointQuota = (limits: Omit<CheckpointQuota, 'used'>): CheckpointQuota => ({
  ...limits,
  used: new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT),
});

export function addUsedBytes({ used }: CheckpointQuota, bytes: number): number {
  const counter = new BigInt64Array(used);
  return Number(Atomics.add(counter, 0, BigInt(bytes))) + bytes;
}

/**
 * Reserves `bytes` for a checkpoint. If they do not fit, checkpoints of this job and of finished jobs are
 * removed, oldest first, except the best and the latest of each job.
 * @param own this job's folder, and the step of its best checkpoint
 * @throws UnrollError quota_exceeded, disk_full
 */
export async function reserveCheckpoint(
  quota: CheckpointQuota,
  bytes: number,
  own: { readonly folder: string; readonly best: number | null },
  onRemoved: OnCheckpointsRemoved,
): Promise<void> {
  addUsedBytes(quota, bytes);
  if (await fits(quota, bytes)) return;
  for (const { job, step, path } of await findRemovable(quota, own)) {
    addUsedBytes(quota, -(await folderBytes(path)));
    await rm(path, { recursive: true, force: true });
    onRemoved(job, [step]);
    if (await fits(quota, bytes)) return;
  }
  const used = addUsedBytes(quota, -bytes);
  if (used + bytes > quota.maxBytes)
    throw new UnrollError(
      'quota_exceeded',
      `a checkpoint of ${bytes} bytes does not fit: checkpoints take ${used} of ${quota.maxBytes} bytes (UNROLL_MAX_CHECKPOINTS_BYTES)`,
    );
  throw new UnrollError(
    'disk_full',
    `a checkpoint of ${bytes} bytes does not fit on the disk of UNROLL_DATA, of which ${quota.reserveBytes} are reserved (UNROLL_DISK_RESERVE_BYTES)`,
  );
}

async function fits(quota: CheckpointQuota, bytes: number): Promise<boolean> {
  if (addUsedBytes(quota, 0) > quota.maxBytes) return false;
  const { bavail, bsize } = await statfs(quota.root);
  return bavail * bsize - bytes >= quota.reserveBytes;
}

interface Removable {
  readonly job: string;
  readonly step: number;
  readonly path: string;
  readonly time: number;
}

async function findRemovable(
  { root }: CheckpointQuota,
  own: { readonly folder: string; readonly best: number | null },
): Promise<Removable[]> {
  const found: Removable[] = [];
  for (const job of await readdir(root)) {
    const isOwn = job === basename(own.folder);
    const best = isOwn ? own.best : await readBestOfFinished(join(root, job));
    if (best === undefined) continue;
    const steps = (await listCheckpointSteps(join(root, job))).filter((step) => step !== best).slice(0, -1);
    for (const step of steps) {
      const path = join(root, job, 'checkpoints', String(step));
      const info: Stats | null = await stat(path).catch(() => null);
      if (info) found.push({ job, step, path, time: info.mtimeMs });
    }
  }
  return found.toSorted((a, b) => a.time - b.time);
}

const finishedStatuses = new Set(['succeeded', 'failed', 'cancelled']);

/** The best step of a finished job. @returns undefined for an unfinished job or one without a record */
async function readBestOfFinished(folder: string): Promise<number | null | undefined> {
  try {
    const { status, best } = JSON.parse(await readFile(join(folder, 'job.json'), 'utf8')) as {
      status: string;
      best: number | null;
    };
    return finishedStatuses.has(status) ? best : undefined;
  } catch {
    return undefined;
  }
}

/** Steps of a job's checkpoints, ascending. */
export async function listCheckpointSteps(folder: string): Promise<number[]> {
  const names = await readdir(join(folder, 'checkpoints')).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** Bytes of the files in a folder; 0 if it does not exist. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => null))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Sets the used bytes to those of the checkpoints on the disk. */
export async function measureCheckpoints(quota: CheckpointQuota): Promise<void> {
  let bytes = 0;
  for (const job of await readdir(quota.root).catch(() => []))
    for (const step of await listCheckpointSteps(join(quota.root, job)))
      bytes += await folderBytes(join(quota.root, job, 'checkpoints', String(step)));
  addUsedBytes(quota, bytes - addUsedBytes(quota, 0));
}
