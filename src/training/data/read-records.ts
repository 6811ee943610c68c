import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import type { DataFile } from '../run/run-messages.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { splitCsvLine } from './csv-line.ts';
import { parseRecord, type ExampleRecord } from './example-record.ts';
import { readLines, type Line } from './read-lines.ts';

export interface ReadRecord {
  readonly line: number;
  /** One of these is set: a JSONL record, a CSV row by column, a line of text, or an error. */
  readonly record: ExampleRecord | null;
  readonly row: Readonly<Record<string, string>> | null;
  readonly text: string | null;
  readonly error: string | null;
}

/** Lines read before control returns to the event loop. */
const linesPerTurn = 2000;

/**
 * Yields the records of a data file. Blank lines are skipped, except in plain text.
 * @param task whose schema JSONL records are checked against; null accepts any object
 * @throws UnrollError invalid_dataset for a line that is too long or not UTF-8, or an invalid CSV header
 */
export async function* readRecords(
  file: DataFile,
  task: TrainingSpec['task'] | null,
): AsyncGenerator<ReadRecord> {
  let header: string[] | null = null;
  let count = 0;
  for await (const line of readLines(file.path)) {
    if (++count % linesPerTurn === 0) await nextTurn();
    if (file.format === 'text') yield { ...emptyRecord(line), text: line.text };
    else if (line.text.trim() === '') continue;
    else if (file.format === 'jsonl') yield parseJsonLine(line, task);
    else if (header === null) header = parseCsvHeader(line);
    else yield parseCsvLine(line, header);
  }
}

const emptyRecord = ({ number }: Line): ReadRecord => ({
  line: number,
  record: null,
  row: null,
  text: null,
  error: null,
});

function parseJsonLine(line: Line, task: TrainingSpec['task'] | null): ReadRecord {
  let json: unknown;
  try {
    json = JSON.parse(line.text);
  } catch {
    return { ...emptyRecord(line), error: 'is not JSON' };
  }
  const record = parseRecord(task, json);
  return typeof record === 'string'
    ? { ...emptyRecord(line), error: record }
    : { ...emptyRecord(line), record };
}

function parseCsvHeader(line: Line): string[] {
  const names = splitCsvLine(line.text);
  if (!names || names.some((name) => name === '') || new Set(names).size !== names.length)
    throw new UnrollError(
      'invalid_dataset',
      `line ${line.number}: the header must have a unique name for every column`,
    );
  return names;
}

function parseCsvLine(line: Line, header: readonly string[]): ReadRecord {
  const fields = splitCsvLine(line.text);
  if (!fields) return { ...emptyRecord(line), error: 'a quote is not closed or is inside an unquoted field' };
  if (fields.length !== header.length)
    return { ...emptyRecord(line), error: `expected ${header.length} columns, got ${fields.length}` };
  return { ...emptyRecord(line), row: Object.fromEntries(header.map((name, i) => [name, fields[i]!])) };
}
