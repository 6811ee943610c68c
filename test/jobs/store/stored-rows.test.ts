import { describe, expect, it } from 'vitest';
import {
  checkpointRow,
  comparisonRow,
  datasetRow,
  eventRow,
  jobRow,
  parseRow,
} from '../../../src/jobs/store/stored-rows.ts';
import { eventOf, jobOf } from '../fixtures.ts';

describe('rows from the disk', () => {
  it('are jobs only with all that a job cannot be without', () => {
    const job = jobOf();
    expect(jobRow({ ...job })).toEqual(job);
    const wrong = { spec: {}, status: 'asleep', data: null, metrics: 3, createdAt: 'now', validation: 'x' };
    for (const [field, value] of Object.entries(wrong)) expect(jobRow({ ...job, [field]: value })).toBeNull();
  });

  it('are null for anything else than what they should be', () => {
    for (const read of [jobRow, eventRow, checkpointRow, datasetRow]) {
      expect(read(null)).toBeNull();
      expect(read({})).toBeNull();
    }
    expect(eventRow({ ...eventOf('j', 'm'), id: 1 })).not.toBeNull();
    expect(comparisonRow({ id: 'c', model: 'm' }, () => 'failed')).toBeNull();
  });

  it('are not parsed where they are no JSON object', () => {
    for (const text of ['', '{', '[]', '1', 'null', undefined]) expect(parseRow(text)).toBeNull();
    expect(parseRow('{"a":1}')).toEqual({ a: 1 });
  });
});
