import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  readRecord,
  listRecordIds,
  removeRecord,
  writeRecord,
} from '../../../src/jobs/store/record-files.ts';
import { temporaryFolder } from '../fixtures.ts';

describe('a record', () => {
  it('is written, read, replaced, listed and removed', () => {
    const folder = temporaryFolder();
    writeRecord(folder, 'comparisons', 'cmp_1', { a: 'x'.repeat(100_000) });
    writeRecord(folder, 'comparisons', 'cmp_1', { a: 1 });
    expect(readRecord(folder, 'comparisons', 'cmp_1')).toEqual({ a: 1 });
    expect(listRecordIds(folder, 'comparisons')).toEqual(['cmp_1']);
    removeRecord(folder, 'comparisons', 'cmp_1');
    expect(listRecordIds(folder, 'comparisons')).toEqual([]);
  });

  it('is null if missing, incomplete, or not an object', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'jobs/j'), { recursive: true });
    expect(readRecord(folder, 'jobs', 'j')).toBeNull();
    for (const text of ['{"a":', '3', '']) {
      writeFileSync(join(folder, 'jobs/j/job.json'), text);
      expect(readRecord(folder, 'jobs', 'j')).toBeNull();
    }
    expect(listRecordIds(join(folder, 'nowhere'), 'jobs')).toEqual([]);
  });
});
