import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/jobs/job.ts';
import { createJobReservations } from '../../src/jobs/job-reservations.ts';
import { anyone, makeJob, spec } from './fixtures.ts';

const createReservations = (jobs: readonly Job[], queue: number) =>
  createJobReservations({ allUnfinished: () => jobs }, queue);

describe('reservations for jobs', () => {
  it('count every unfinished job, in any status', () => {
    const jobs = (['validating', 'queued', 'running', 'paused', 'publishing', 'cancelling'] as const).map(
      (status) => makeJob({ status, comparison: status === 'queued' ? 'cmp_1' : null }),
    );
    expect(() => createReservations(jobs, 6).reserve(['new'], anyone)).toThrow(
      expect.objectContaining({
        code: 'too_many_jobs',
        message: expect.stringMatching(/at most 6 .*there are 6, 1 more/) as string,
      }),
    );
    createReservations(jobs, 7).reserve(['new'], anyone);
  });

  it('count jobs that are being created, until released', () => {
    const reservations = createReservations([], 3);
    const release = reservations.reserve(['a', 'b'], anyone);
    expect(() => reservations.reserve(['c', 'd'], anyone)).toThrow(
      expect.objectContaining({ code: 'too_many_jobs' }),
    );
    release();
    release();
    reservations.reserve(['c', 'd', 'e'], anyone);
    expect(() => reservations.reserve(['f'], anyone)).toThrow(
      expect.objectContaining({ code: 'too_many_jobs' }),
    );
  });

  it('are made for all models or for none', () => {
    const reservations = createReservations([], 2);
    expect(() => reservations.reserve(['a', 'b', 'c'], anyone)).toThrow(
      expect.objectContaining({ code: 'too_many_jobs' }),
    );
    reservations.reserve(['a', 'b'], anyone);
  });

  it('allow one unfinished job a model name', () => {
    const reservations = createReservations([makeJob({ spec: spec('mine') })], 9);
    const taken = expect.objectContaining({ code: 'name_taken', field: 'model' }) as Error;
    expect(() => reservations.reserve(['other', 'mine'], anyone)).toThrow(taken);
    reservations.reserve(['other'], anyone);
    expect(() => reservations.reserve(['other'], anyone)).toThrow(taken);
  });
});
