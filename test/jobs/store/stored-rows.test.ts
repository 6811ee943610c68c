import { describe, expect, it } from 'vitest';
import {
  parseCheckpointRow,
  parseComparisonRow,
  parseDatasetRow,
  parseEventRow,
  parseJobRow,
  parseJsonObject,
} from '../../../src/jobs/store/stored-rows.ts';
import { makeEvent, makeJob } from '../fixtures.ts';

describe('stored rows', () => {
  it('are jobs only with all required fields', () => {
    const job = makeJob();
    expect(parseJobRow({ ...job })).toEqual(job);
    const wrong = { spec: {}, status: 'asleep', data: null, metrics: 3, createdAt: 'now', validation: 'x' };
    for (const [field, value] of Object.entries(wrong))
      expect(parseJobRow({ ...job, [field]: value })).toBeNull();
  });

  it('are null if invalid', () => {
    for (const read of [parseJobRow, parseEventRow, parseCheckpointRow, parseDatasetRow]) {
      expect(read(null)).toBeNull();
      expect(read({})).toBeNull();
    }
    expect(parseEventRow({ ...makeEvent('j', 'm'), id: 1 })).not.toBeNull();
    expect(parseComparisonRow({ id: 'c', model: 'm' }, () => 'failed')).toBeNull();
  });

  it('are null if they are not JSON objects', () => {
    for (const text of ['', '{', '[]', '1', 'null', undefined]) expect(parseJsonObject(text)).toBeNull();
    expect(parseJsonObject('{"a":1}')).toEqual({ a: 1 });
  });
});
