import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import type { DataFile } from '../run/run-messages.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { requireColumns, requireTextTask } from './file-formats.ts';
import { readCsv, type CsvRow } from './read-csv.ts';
import { readJsonArray } from './read-json-array.ts';
import { parseRecord, type ExampleRecord } from './example-record.ts';
import { maxLevels, nestsTooDeep } from './nesting.ts';
import { readLines, type Line } from './read-lines.ts';

export interface ReadRecord {
  /** Its line; in a JSON array, its place from 1. */
  readonly line: number;
  /** One of these is set: a JSON record, a CSV row by column, a line of text, or an error. */
  readonly record: ExampleRecord | null;
  readonly row: Readonly<Record<string, string>> | null;
  readonly text: string | null;
  readonly error: string | null;
}

/** Lines read before control returns to the event loop. */
const linesPerTurn = 2000;

/**
 * Yields the records of a data file. Blank lines are skipped, except in plain text.
 * @param task whose schema records are checked against, and whose columns a CSV file must have; null accepts any
 * @throws UnrollError invalid_dataset for a line that is too long or not UTF-8, an invalid CSV header, or a JSON file
 * that is no array
 */
export async function* readRecords(
  file: DataFile,
  task: TrainingSpec['task'] | null,
): AsyncGenerator<ReadRecord> {
  let count = 0;
  const breathe = async (): Promise<void> => void (++count % linesPerTurn === 0 && (await nextTurn()));
  if (file.format === 'csv') {
    let header: readonly string[] | null = null;
    for await (const row of readCsv(file.path)) {
      await breathe();
      if (header === null) requireColumns((header = toHeader(row)), row.line, task);
      else yield toRecord(row, header);
    }
  } else if (file.format === 'json') {
    for (const [index, json] of (await readJsonArray(file.path)).entries()) {
      await breathe();
      yield checkRecord(index + 1, json, task);
    }
  } else {
    if (file.format === 'text') requireTextTask(task);
    for await (const line of readLines(file.path)) {
      await breathe();
      if (file.format === 'text') yield { ...emptyRecord(line.number), text: line.text };
      else if (line.text.trim() !== '') yield parseJsonLine(line, task);
    }
  }
}

const emptyRecord = (line: number): ReadRecord => ({
  line,
  record: null,
  row: null,
  text: null,
  error: null,
});

function parseJsonLine({ number, text }: Line, task: TrainingSpec['task'] | null): ReadRecord {
  if (nestsTooDeep(text))
    return { ...emptyRecord(number), error: `has more than ${maxLevels} levels of lists and objects` };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ...emptyRecord(number), error: 'is not JSON' };
  }
  return checkRecord(number, json, task);
}

function checkRecord(line: number, json: unknown, task: TrainingSpec['task'] | null): ReadRecord {
  const record = parseRecord(task, json);
  return typeof record === 'string'
    ? { ...emptyRecord(line), error: record }
    : { ...emptyRecord(line), record };
}

function toHeader({ line, fields, error }: CsvRow): readonly string[] {
  if (!fields) throw new UnrollError('invalid_dataset', `line ${line}: ${error}`);
  if (fields.some((name) => name === '') || new Set(fields).size !== fields.length)
    throw new UnrollError(
      'invalid_dataset',
      `line ${line}: the header must have a unique name for every column`,
    );
  return fields;
}

function toRecord({ line, fields, error }: CsvRow, header: readonly string[]): ReadRecord {
  if (!fields) return { ...emptyRecord(line), error };
  if (fields.length !== header.length)
    return { ...emptyRecord(line), error: `expected ${header.length} columns, got ${fields.length}` };
  return { ...emptyRecord(line), row: Object.fromEntries(header.map((name, i) => [name, fields[i]!])) };
}
