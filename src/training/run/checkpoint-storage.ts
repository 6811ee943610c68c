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
  reserveCheckpoint,
  type CheckpointQuota,
  type OnCheckpointsRemoved,
} from './checkpoint-quota.ts';

/** Writes the checkpoints of one run within the quota of all runs. */
export interface CheckpointStorage {
  /**
   * @param best step of the best checkpoint, which is not removed
   * @throws UnrollError quota_exceeded, disk_full; errors of the file system
   */
  write(step: number, checkpoint: Checkpoint, best: number | null): Promise<void>;
}

/** @param quota null for no limit */
export function createCheckpointStorage(
  folder: string,
  quota: CheckpointQuota | null,
  onRemoved: OnCheckpointsRemoved,
): CheckpointStorage {
  return {
    async write(step, checkpoint, best) {
      if (!quota) {
        await writeCheckpoint(folder, step, checkpoint);
        await removeResumeFiles(folder, step);
        return;
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
    },
  };
}
