import { extname } from 'node:path';
import type { DataFile } from '../training/run/run-messages.ts';

/** The format of a file of records, by the end of its name. */
export function getDataFormat(file: string): DataFile['format'] {
  const extension = extname(file);
  return extension === '.csv' ? 'csv' : extension === '.jsonl' || extension === '.ndjson' ? 'jsonl' : 'text';
}
