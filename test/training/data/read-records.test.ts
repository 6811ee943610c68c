import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { splitCsvLine } from '../../../src/training/data/csv-line.ts';
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

it('splits CSV with its quotes (RFC 4180)', () => {
  expect(splitCsvLine('a,,"b,""c""",')).toEqual(['a', '', 'b,"c"', '']);
  expect(splitCsvLine('')).toEqual(['']);
  for (const invalid of ['"a', 'a"b', '"a"b']) expect(splitCsvLine(invalid)).toBeNull();
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
});
