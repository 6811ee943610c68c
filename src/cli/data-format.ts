import { extname } from 'node:path';
import type { DataFile } from '../training/run/run-messages.ts';

const formats: Readonly<Record<string, DataFile['format']>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.tsv': 'csv',
};

/** The format of a file of records, by the end of its name. */
export function getDataFormat(file: string): DataFile['format'] {
  return formats[extname(file).toLowerCase()] ?? 'text';
}
