import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import type { DataFile } from '../run/run-messages.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { splitCsvLine } from './csv-line.ts';
import { parseRecord, type ExampleRecord } from './example-record.ts';
import { readLines, type Line } from './read-lines.ts';

export interface ReadRecord {
  readonly line: number;
  /** The record, a CSV row by column, a line of text; or what is wrong. */
  readonly record: ExampleRecord | null;
  readonly row: Readonly<Record<string, string>> | null;
  readonly text: string | null;
  readonly error: string | null;
}

/** So many lines, and others on this thread get their turn. */
const linesATurn = 2000;

/**
 * A data file, record by record. Blank lines are passed over, but in plain text.
 * @param task null takes any object
 * @throws UnrollError invalid_dataset where lines cannot be told apart or decoded
 */
export async function* readRecords(
  file: DataFile,
  task: TrainingSpec['task'] | null,
): AsyncGenerator<ReadRecord> {
  let header: string[] | null = null;
  let count = 0;
  for await (const line of readLines(file.path)) {
    if (++count % linesATurn === 0) await nextTurn();
    if (file.format === 'text') yield { ...nothing(line), text: line.text };
    else if (line.text.trim() === '') continue;
    else if (file.format === 'jsonl') yield jsonRecord(line, task);
    else if (header === null) header = csvHeader(line);
    else yield csvRecord(line, header);
  }
}

const nothing = ({ number }: Line): ReadRecord => ({
  line: number,
  record: null,
  row: null,
  text: null,
  error: null,
});

function jsonRecord(line: Line, task: TrainingSpec['task'] | null): ReadRecord {
  let json: unknown;
  try {
    json = JSON.parse(line.text);
  } catch {
    return { ...nothing(line), error: 'is not JSON' };
  }
  const record = parseRecord(task, json);
  return typeof record === 'string' ? { ...nothing(line), error: record } : { ...nothing(line), record };
}

function csvHeader(line: Line): string[] {
  const names = splitCsvLine(line.text);
  if (!names || names.some((name) => name === '') || new Set(names).size !== names.length)
    throw new UnrollError(
      'invalid_dataset',
      `line ${line.number}: the header must name every column, each by another name`,
    );
  return names;
}

function csvRecord(line: Line, header: readonly string[]): ReadRecord {
  const fields = splitCsvLine(line.text);
  if (!fields) return { ...nothing(line), error: 'a quote is left open, or stands inside a field' };
  if (fields.length !== header.length)
    return { ...nothing(line), error: `${header.length} columns wanted, there are ${fields.length}` };
  return { ...nothing(line), row: Object.fromEntries(header.map((name, i) => [name, fields[i]!])) };
}
