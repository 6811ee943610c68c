import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  estimateCheckpointBytes,
  checkpointFolder,
  removeResumeFiles,
  writeCheckpoint,
  type Checkpoint,
} from './checkpoint.ts';
import {
  addUsedBytes,
  folderBytes,
  listCheckpointSteps,
  reserveCheckpoint,
  type CheckpointQuota,
  type OnCheckpointsRemoved,
} from './checkpoint-quota.ts';

/** Writes the checkpoints of one run, within the quota of all runs, and removes its oldest. */
export interface CheckpointStorage {
  /**
   * @param best step of the best checkpoint, which is not removed
   * @throws UnrollError quota_exceeded, disk_full; errors of the file system
   */
  write(step: number, checkpoint: Checkpoint, best: number | null): Promise<void>;
}

/**
 * @param quota null for no limit
 * @param keep how many of the last checkpoints stay, besides the best
 */
export function createCheckpointStorage(
  folder: string,
  quota: CheckpointQuota | null,
  keep: number,
  onRemoved: OnCheckpointsRemoved,
): CheckpointStorage {
  async function removeOldest(best: number | null): Promise<void> {
    const steps = await listCheckpointSteps(folder);
    const removed = steps.slice(0, -keep).filter((step) => step !== best);
    for (const step of removed) {
      const path = checkpointFolder(folder, step);
      if (quota) addUsedBytes(quota, -(await folderBytes(path)));
      await rm(path, { recursive: true, force: true });
    }
    if (removed.length > 0) onRemoved(basename(folder), removed);
  }

  return {
    async write(step, checkpoint, best) {
      if (!quota) {
        await writeCheckpoint(folder, step, checkpoint);
        await removeResumeFiles(folder, step);
        return removeOldest(best);
      }
      const estimate = estimateCheckpointBytes(checkpoint);
      await reserveCheckpoint(quota, estimate, { folder, best }, onRemoved);
      const target = checkpointFolder(folder, step);
      let change = -(await folderBytes(target)) - estimate;
      try {
        await writeCheckpoint(folder, step, checkpoint);
      } finally {
        change += await folderBytes(target);
        addUsedBytes(quota, change);
      }
      addUsedBytes(quota, -(await removeResumeFiles(folder, step)));
      await removeOldest(best);
    },
  };
}
