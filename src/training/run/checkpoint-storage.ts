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

/** Writes the checkpoints of one run within the quota of all. */
export interface CheckpointStorage {
  /** @param best step of the best checkpoint, which stays @throws UnrollError quota_exceeded, disk_full; as the file system does */
  write(step: number, checkpoint: Checkpoint, best: number | null): Promise<void>;
}

/** @param quota null has none */
export function createCheckpointStorage(
  folder: string,
  quota: CheckpointQuota | null,
  dropped: OnCheckpointsRemoved,
): CheckpointStorage {
  return {
    async write(step, checkpoint, best) {
      if (!quota) {
        await writeCheckpoint(folder, step, checkpoint);
        await removeResumeFiles(folder, step);
        return;
      }
      const estimate = estimateCheckpointBytes(checkpoint);
      await reserveCheckpoint(quota, estimate, { folder, best }, dropped);
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
