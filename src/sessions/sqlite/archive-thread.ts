import { workerData } from 'node:worker_threads';
import { openDatabase, renameDamagedFile } from '../../database/open-database.ts';
import { runDatabaseThread } from '../../database/thread-loop.ts';
import { copyReadableRows } from './copy-readable-rows.ts';
import { createSessionTable, sessionFiles } from './session-table.ts';

// The thread of the sessions on disk.

const { folder } = workerData as { readonly folder: string };
let losses = 0;
/** A damaged file that was renamed, whose rows are to be copied. */
let renamed: string | null = null;

await runDatabaseThread({
  name: 'the file of sessions',
  code: 'sessions_unavailable',
  diskFullCode: 'sessions_unavailable',
  folder,
  open(report) {
    const opened = openDatabase(folder, sessionFiles, report);
    try {
      renamed = opened.renamed ?? renamed;
      if (renamed !== null) {
        const copied = copyReadableRows(renamed, opened.database);
        report('warn', `${copied} sessions were copied from ${renamed}`);
        renamed = null;
        losses++;
      }
      return { calls: createSessionTable(opened.database, losses), close: () => opened.close() };
    } catch (error) {
      opened.close();
      throw error;
    }
  },
  // what cannot be read is one session's matter; what cannot be written would be every one's
  repeats: (call) => call === 'write' || call === 'remove',
  renameDamaged: (report) => void (renamed = renameDamagedFile(folder, sessionFiles, report)),
});
