import { expect, it } from 'vitest';
import { describeError, isBusy, isDamaged, toDiskFullError } from '../../src/database/database-errors.ts';

const sqlite = (errcode: number) => Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode });

it('recognises SQLite’s result codes, including extended codes', () => {
  expect([5, 6, 261].map((code) => isBusy(sqlite(code)))).toEqual([true, true, true]);
  expect([11, 26, 267].map((code) => isDamaged(sqlite(code)))).toEqual([true, true, true]);
  expect([isBusy(sqlite(13)), isDamaged(sqlite(13)), isBusy(null), isDamaged(new Error('x'))]).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

it.each([
  [sqlite(13), 'disk_full'],
  [Object.assign(new Error('x'), { code: 'ENOSPC' }), 'disk_full'],
  [Object.assign(new Error('x'), { code: 'EDQUOT' }), 'disk_full'],
  [sqlite(5), 'training_unavailable'],
  [sqlite(10), 'training_unavailable'],
  [new Error('anything'), 'training_unavailable'],
])('maps %s to %s', (error, code) => {
  const names = { name: 'the database', code: 'training_unavailable', diskFullCode: 'disk_full' } as const;
  expect(describeError(error, names).code).toBe(code);
  expect(toDiskFullError(error)?.code ?? 'training_unavailable').toBe(code);
});
