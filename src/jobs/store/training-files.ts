import type { DatabaseFiles } from '../../database/open-database.ts';
import { schema, schemaVersion } from './sqlite-store.ts';

/** The files of the training database in UNROLL_DATA. */
export const trainingFiles: DatabaseFiles = {
  file: 'unroll.db',
  lockFile: 'unroll.lock',
  schema,
  schemaVersion,
  pageBytes: null,
  checked: true,
  inUse: (folder) => `another server trains with ${folder} (UNROLL_DATA)`,
  damaged: (path, renamed) =>
    `the training database ${path} is damaged: it was renamed to ${renamed}, and jobs are recovered from their folders`,
};
