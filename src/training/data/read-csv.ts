import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { maxLineBytes, readLines, type Line } from './read-lines.ts';

// CSV (RFC 4180): quoted fields may have delimiters and line breaks. A file whose header has more semicolons or tabs than
// commas is separated by those, as spreadsheets write it in many languages.

/** A row, or what is wrong with it. */
export interface CsvRow {
  /** Of its beginning. */
  readonly line: number;
  readonly fields: readonly string[] | null;
  readonly error: string | null;
}

const delimiters = [',', ';', '\t'] as const;
export type Delimiter = (typeof delimiters)[number];

/**
 * Yields the rows of a file, the header first; blank lines are skipped.
 * @param declared by default what the header has most of
 * @throws UnrollError invalid_dataset for a line that is too long or not UTF-8
 */
export async function* readCsv(path: string, declared?: Delimiter): AsyncGenerator<CsvRow> {
  // only jobs with CSV load it
  const { parse } = await import('csv-parse');
  const lines = readLines(path);
  const first = await firstLine(lines);
  if (!first) return;
  const parser = parse({
    delimiter: declared ?? findDelimiter(first.text),
    info: true,
    max_record_size: maxLineBytes,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    // in order, between the rows
    on_skip: (error) =>
      void parser.push({ error: describeError(error?.code), info: { lines: error?.['lines'] } }),
  });
  // what it rejects with, reading the parser throws
  pipeline(Readable.from(textOf(first, lines)), parser).catch(() => {});
  const before = first.number - 1;
  /** The line on which the last row ended. */
  let end = before;
  for await (const { record, error, info } of parser as AsyncIterable<ParsedRow>) {
    const start = end + 1;
    end = before + info.lines;
    if (error !== undefined) yield { line: start, fields: null, error };
    else yield { line: end - countBreaks(record!), fields: record!, error: null };
  }
}

interface ParsedRow {
  readonly record?: readonly string[];
  readonly error?: string;
  /** The lines that were read. */
  readonly info: { readonly lines: number };
}

const describeError = (code: string | undefined): string =>
  code === 'CSV_MAX_RECORD_SIZE'
    ? `is longer than ${maxLineBytes} bytes: a quote may not be closed`
    : 'a quote is not closed or is inside an unquoted field';

const countBreaks = (fields: readonly string[]): number =>
  fields.reduce((sum, field) => sum + field.split('\n').length - 1, 0);

/** The first line that is not blank. */
async function firstLine(lines: AsyncGenerator<Line>): Promise<Line | null> {
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return null;
    if (value.text.trim() !== '') return value;
  }
}

async function* textOf(first: Line, rest: AsyncGenerator<Line>): AsyncGenerator<string> {
  yield `${first.text}\n`;
  for await (const { text } of rest) yield `${text}\n`;
}

/** What separates the columns of a header: the delimiter that is most frequent outside of quotes. */
function findDelimiter(header: string): Delimiter {
  const plain = header.replaceAll(/"[^"]*"/g, '');
  const counted = delimiters.map((delimiter) => ({ delimiter, count: plain.split(delimiter).length }));
  return counted.reduce((best, one) => (one.count > best.count ? one : best)).delimiter;
}
