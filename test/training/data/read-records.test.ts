import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { splitCsvLine } from '../../../src/training/data/csv-line.ts';
import { maxLineBytes, readLines } from '../../../src/training/data/read-lines.ts';
import { validateData } from '../../../src/training/data/validate-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'read-'));
afterAll(() => rmSync(folder, { recursive: true }));
const pathOf = (content: string | Buffer): string => {
  const path = join(folder, 'data');
  writeFileSync(path, content);
  return path;
};
const linesOf = (content: string | Buffer) => Array.fromAsync(readLines(pathOf(content)), ({ text }) => text);

describe('lines', () => {
  it('end at \\n or \\r\\n, the last one anywhere; a byte-order mark is passed over', async () => {
    expect(await linesOf('\ufeffa\r\n\nb')).toEqual(['a', '', 'b']);
    expect(await linesOf('a\n')).toEqual(['a']);
    expect(await linesOf('')).toEqual([]);
  });

  it('hold characters that fall on the border of what is read at once', async () => {
    const line = `${'x'.repeat(65_535)}€`;
    expect(await linesOf(`${line}\n${line}`)).toEqual([line, line]);
  });

  it('may be as long as the limit, and no longer', async () => {
    expect(await linesOf(`a\n${'x'.repeat(maxLineBytes)}\n`)).toHaveLength(2);
    await expect(linesOf(`a\n${'x'.repeat(10_000_000)}`)).rejects.toMatchObject({
      code: 'invalid_dataset',
      message: `line 2: at most ${maxLineBytes} bytes, there are more`,
    });
  });

  it('must be UTF-8', async () => {
    await expect(linesOf(Buffer.from([97, 10, 0xff, 10]))).rejects.toThrow('line 2: is not UTF-8');
  });
});

it('splits CSV with its quotes (RFC 4180)', () => {
  expect(splitCsvLine('a,,"b,""c""",')).toEqual(['a', '', 'b,"c"', '']);
  expect(splitCsvLine('')).toEqual(['']);
  for (const wrong of ['"a', 'a"b', '"a"b']) expect(splitCsvLine(wrong)).toBeNull();
});

describe('validation of a file', () => {
  it('counts the records and tells what is wrong with which lines', async () => {
    const path = pathOf('{"text":"a"}\n\n[1]\n{"text":5}\n{"text":"b"}\n');
    const { records, errors } = await validateData({ path, format: 'jsonl' }, 'generate');
    expect(records).toBe(2);
    expect(errors.map(({ line }) => line)).toEqual([3, 4]);
    expect(errors[1]!.message).toMatch(/^text: /);
  });

  it('stops after twenty errors', async () => {
    const path = pathOf('{\n'.repeat(50));
    expect((await validateData({ path, format: 'jsonl' }, null)).errors).toHaveLength(20);
  });

  it('tells a wrong CSV row and a line too long as errors of their lines', async () => {
    const csv = await validateData({ path: pathOf('a,b\n1,2\n3\n'), format: 'csv' }, 'predict');
    expect(csv).toEqual({ records: 1, errors: [{ line: 3, message: '2 columns wanted, there are 1' }] });
    const long = await validateData(
      { path: pathOf(`{}\n${'x'.repeat(maxLineBytes + 1)}`), format: 'jsonl' },
      null,
    );
    expect(long).toMatchObject({ records: 1, errors: [{ line: 2 }] });
  });
});
