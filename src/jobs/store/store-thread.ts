import { workerData } from 'node:worker_threads';
import { openDatabase, openReadOnly, renameDamagedFile } from '../../database/open-database.ts';
import { runDatabaseThread } from '../../database/thread-loop.ts';
import { withRecordFiles } from './record-writes.ts';
import { recoverRecords } from './recover-records.ts';
import { createSqliteStore } from './sqlite-store.ts';
import type { StoreThreadData } from './store-client.ts';
import { trainingFiles } from './training-files.ts';

// The training database's thread.

const { folder, readOnly } = workerData as StoreThreadData;

await runDatabaseThread({
  name: 'the training database',
  code: 'training_unavailable',
  diskFullCode: 'disk_full',
  folder,
  open(report) {
    const opened = readOnly
      ? openReadOnly(folder, trainingFiles)
      : openDatabase(folder, trainingFiles, report);
    const { database } = opened;
    const close = (): void => opened.close();
    try {
      const store = createSqliteStore(database);
      const calls = readOnly ? store : withRecordFiles(folder, store, report);
      if (!readOnly) recoverRecords(folder, calls, database, report);
      return { calls, close };
    } catch (error) {
      close();
      throw error;
    }
  },
  repeats: () => !readOnly,
  renameDamaged: (report) => renameDamagedFile(folder, trainingFiles, report),
});
