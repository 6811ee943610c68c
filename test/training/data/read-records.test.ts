import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCsv } from '../../../src/training/data/read-csv.ts';
import { maxArrayBytes } from '../../../src/training/data/read-json-array.ts';
import { maxLineBytes, readLines } from '../../../src/training/data/read-lines.ts';
import { validateData } from '../../../src/training/data/validate-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'read-'));
afterAll(() => rmSync(folder, { recursive: true }));
const writeData = (content: string | Buffer): string => {
  const path = join(folder, 'data');
  writeFileSync(path, content);
  return path;
};
const readAll = (content: string | Buffer) =>
  Array.fromAsync(readLines(writeData(content)), ({ text }) => text);

describe('lines', () => {
  it('end at \\n, \\r\\n or the end of the file; a byte-order mark is skipped', async () => {
    expect(await readAll('\ufeffa\r\n\nb')).toEqual(['a', '', 'b']);
    expect(await readAll('a\n')).toEqual(['a']);
    expect(await readAll('')).toEqual([]);
  });

  it('may have characters that cross a chunk boundary', async () => {
    const line = `${'x'.repeat(65_535)}€`;
    expect(await readAll(`${line}\n${line}`)).toEqual([line, line]);
  });

  it('may be as long as the limit, not longer', async () => {
    expect(await readAll(`a\n${'x'.repeat(maxLineBytes)}\n`)).toHaveLength(2);
    await expect(readAll(`a\n${'x'.repeat(10_000_000)}`)).rejects.toMatchObject({
      code: 'invalid_dataset',
      message: `line 2: is longer than ${maxLineBytes} bytes`,
    });
  });

  it('must be UTF-8', async () => {
    await expect(readAll(Buffer.from([97, 10, 0xff, 10]))).rejects.toThrow('line 2: is not UTF-8');
  });
});

const readRows = (content: string) =>
  Array.fromAsync(readCsv(writeData(content)), ({ line, fields, error }) => [line, fields ?? error]);
const badQuote = 'a quote is not closed or is inside an unquoted field';

describe('CSV', () => {
  it('has quoted fields with quotes, delimiters and line breaks (RFC 4180)', async () => {
    expect(await readRows('a,b\r\n,"b,""c"""\r\n"x\r\ny",3\r\n4,5\r\n')).toEqual([
      [1, ['a', 'b']],
      [2, ['', 'b,"c"']],
      [3, ['x\ny', '3']],
      [5, ['4', '5']],
    ]);
    expect(await readRows('')).toEqual([]);
  });

  it.each([
    ['semicolons', 'a;b\n1,5;2\n', ['1,5', '2']],
    ['tabs', 'a\tb\n1,5\t2;3\n', ['1,5', '2;3']],
    ['commas', 'a,b\n1;5,2\n', ['1;5', '2']],
    ['commas, with semicolons in a quoted name', '"a;b;c",d\n1,2\n', ['1', '2']],
    ["Excel's byte-order mark", '\ufeffa;b\r\n1;2\r\n', ['1', '2']],
  ])('is separated by what its header has most of: %s', async (_, content, row) => {
    expect((await readRows(content))[1]).toEqual([2, row]);
  });

  it('reports a row with a wrong quote by its line, in order', async () => {
    expect(await readRows('a,b\n1,2\n3,4"5\n6,7\n')).toEqual([
      [1, ['a', 'b']],
      [2, ['1', '2']],
      [3, badQuote],
      [4, ['6', '7']],
    ]);
    expect(await readRows('a,b\n"never closed,1\n2,3\n')).toEqual([
      [1, ['a', 'b']],
      [2, badQuote],
    ]);
  });

  it('refuses a field that takes more than a line may, which an open quote does', async () => {
    const rows = await readRows(`a,b\n"open,1\n${'some words,2\n'.repeat(100_000)}`);
    expect(rows[1]).toEqual([2, `is longer than ${maxLineBytes} bytes: a quote may not be closed`]);
  });
});

describe('validating a file', () => {
  it('counts the records and lists errors by line', async () => {
    const path = writeData('{"text":"a"}\n\n[1]\n{"text":5}\n{"text":"b"}\n');
    const { records, errors } = await validateData({ path, format: 'jsonl' }, 'generate');
    expect(records).toBe(2);
    expect(errors.map(({ line }) => line)).toEqual([3, 4]);
    expect(errors[1]!.message).toMatch(/^text: /);
  });

  it('stops after twenty errors', async () => {
    const path = writeData('{\n'.repeat(50));
    expect((await validateData({ path, format: 'jsonl' }, null)).errors).toHaveLength(20);
  });

  it('reports an invalid CSV row and an overlong line as errors of their lines', async () => {
    const csv = await validateData({ path: writeData('a,b\n1,2\n3\n'), format: 'csv' }, 'predict');
    expect(csv).toEqual({ records: 1, errors: [{ line: 3, message: 'expected 2 columns, got 1' }] });
    const long = await validateData(
      { path: writeData(`{}\n${'x'.repeat(maxLineBytes + 1)}`), format: 'jsonl' },
      null,
    );
    expect(long).toMatchObject({ records: 1, errors: [{ line: 2 }] });
  });

  it.each([
    ['csv', 'text\na\n', 'classify', 'a CSV file for classify needs the columns text and label, has text'],
    ['csv', 'a,b\n1,2\n', 'tag', 'tag needs JSON records, not CSV'],
    ['text', 'a\n', 'decode', 'plain text is for generate; decode needs records'],
    ['json', '{"text":"a"}', 'generate', 'must be an array of records'],
    ['json', '[', 'generate', 'the file is not JSON in UTF-8'],
  ] as const)('checks %s for its task: %j', async (format, content, task, message) => {
    expect(await validateData({ path: writeData(content), format }, task)).toEqual({
      records: 0,
      errors: [{ line: 1, message }],
    });
  });

  it('reads a JSON array, with the place of a record that is wrong', async () => {
    const path = writeData('[{"text":"a","label":"x"},{"text":"b"}]');
    const { records, errors } = await validateData({ path, format: 'json' }, 'classify');
    expect([records, errors.map(({ line }) => line)]).toEqual([1, [2]]);
    const long = writeData(`["${'x'.repeat(maxArrayBytes)}"]`);
    expect((await validateData({ path: long, format: 'json' }, null)).errors).toEqual([
      { line: 1, message: expect.stringContaining('the limit is 4194304') as string },
    ]);
  });
});
