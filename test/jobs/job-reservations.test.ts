import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/jobs/job.ts';
import { createJobReservations } from '../../src/jobs/job-reservations.ts';
import { makeJob, spec } from './fixtures.ts';

const places = (jobs: readonly Job[], queue: number) =>
  createJobReservations({ allUnfinished: () => jobs }, queue);

describe('places for jobs', () => {
  it('are taken by every job that is not over, whatever it does', () => {
    const jobs = (['validating', 'queued', 'running', 'paused', 'publishing', 'cancelling'] as const).map(
      (status) => makeJob({ status, comparison: status === 'queued' ? 'cmp_1' : null }),
    );
    expect(() => places(jobs, 6).reserve(['new'])).toThrow(
      expect.objectContaining({
        code: 'too_many_jobs',
        message: expect.stringMatching(/at most 6 .*there are 6, 1 more/) as string,
      }),
    );
    places(jobs, 7).reserve(['new']);
  });

  it('are taken by those that are being created, and given back', () => {
    const free = places([], 3);
    const release = free.reserve(['a', 'b']);
    expect(() => free.reserve(['c', 'd'])).toThrow(expect.objectContaining({ code: 'too_many_jobs' }));
    release();
    release();
    free.reserve(['c', 'd', 'e']);
    expect(() => free.reserve(['f'])).toThrow(expect.objectContaining({ code: 'too_many_jobs' }));
  });

  it('are taken all together or not at all', () => {
    const free = places([], 2);
    expect(() => free.reserve(['a', 'b', 'c'])).toThrow(expect.objectContaining({ code: 'too_many_jobs' }));
    free.reserve(['a', 'b']);
  });

  it('are one a model’s name', () => {
    const free = places([makeJob({ spec: spec('mine') })], 9);
    const taken = expect.objectContaining({ code: 'name_taken', field: 'model' }) as Error;
    expect(() => free.reserve(['other', 'mine'])).toThrow(taken);
    free.reserve(['other']);
    expect(() => free.reserve(['other'])).toThrow(taken);
  });
});
