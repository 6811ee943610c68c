import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import type { Job } from '../../src/jobs/job.ts';
import { createJobEvents } from '../../src/jobs/job-events.ts';
import { createJobRegistry } from '../../src/jobs/job-registry.ts';
import type { JobStore } from '../../src/jobs/store/store.ts';
import { anyone, eventually, makeJob, memoryStore, silent } from './fixtures.ts';

function createRegistry(store: JobStore = memoryStore()) {
  const events = createJobEvents(store, (id) => registry.unfinished(id) !== null);
  const registry = createJobRegistry(store, events, silent);
  return { store, registry };
}

describe('the registry of jobs', () => {
  it('changes a status synchronously and stores it, with an event, in order', async () => {
    const { store, registry } = createRegistry();
    const job = makeJob({ status: 'queued' });
    registry.add(job);
    const started = registry.apply(job.id, 'start', { changes: { startedAt: 5 } })!;
    expect(registry.unfinished(job.id)).toMatchObject({ status: 'running', startedAt: 5 });
    await started.saved;
    expect(await store.job(job.id)).toMatchObject({ status: 'running', startedAt: 5 });
    const events = await store.events(job.id, { limit: 9, after: 0 });
    expect(events).toMatchObject([
      { type: 'status', message: 'the job is running', data: { status: 'running' } },
    ]);
  });

  it('rejects an action that the table does not allow, and changes nothing', async () => {
    const { store, registry } = createRegistry();
    const job = makeJob({ status: 'paused' });
    registry.add(job);
    expect(registry.apply(job.id, 'published')).toBeNull();
    expect(registry.apply('job_none', 'start')).toBeNull();
    expect(registry.unfinished(job.id)).toBe(job);
    expect(await store.events(job.id, { limit: 9, after: 0 })).toEqual([]);
  });

  it('calls listeners with a finished job, and reads it from the database afterwards', async () => {
    const { registry } = createRegistry();
    const job = makeJob({ status: 'running' });
    registry.add(job);
    const finished: Job[] = [];
    registry.onFinished((one) => finished.push(one));
    registry.fail(job.id, 'diverged', 'too far');
    expect(finished).toMatchObject([
      { id: job.id, status: 'failed', error: { code: 'diverged', message: 'too far' } },
    ]);
    expect(registry.unfinished(job.id)).toBeNull();
    expect(await registry.find(job.id, anyone)).toMatchObject({
      status: 'failed',
      finishedAt: expect.any(Number) as number,
    });
    // a second failure changes nothing
    registry.fail(job.id, 'internal', 'again');
    expect(finished).toHaveLength(1);
  });

  it('cancels a cancelling job that fails, without an error', async () => {
    const { registry } = createRegistry();
    const job = makeJob({ status: 'cancelling' });
    registry.add(job);
    registry.fail(job.id, 'internal', 'killed');
    expect(await registry.find(job.id, anyone)).toMatchObject({ status: 'cancelled', error: null });
  });

  it('stores the final state of a job once the disk has space again', async () => {
    let full = true;
    const { store, registry } = createRegistry(
      memoryStore((name) => {
        if (name === 'saveJob' && full) throw new UnrollError('disk_full', 'no room');
      }),
    );
    const job = makeJob({ status: 'running' });
    registry.add(job);
    registry.fail(job.id, 'disk_full', 'no room');
    expect(await registry.find(job.id, anyone)).toMatchObject({ status: 'failed' });
    expect(await store.job(job.id)).toBeNull();
    full = false;
    expect(await eventually(() => store.job(job.id))).toMatchObject({ status: 'failed' });
    registry.close();
  });

  it('throws job_not_found for an unknown id', async () => {
    await expect(createRegistry().registry.find('job_none', anyone)).rejects.toMatchObject({
      code: 'job_not_found',
    });
  });
});
