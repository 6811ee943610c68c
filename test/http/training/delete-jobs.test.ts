import { afterAll, expect, it } from 'vitest';
import { app, closeApp, get, job, post, waitForJob, type Problem } from './training-api.ts';

afterAll(closeApp);

const remove = async (url: string): Promise<[number, unknown]> => {
  const reply = await app.inject({ method: 'DELETE', url });
  return [reply.statusCode, reply.json()];
};

it('a job has curves, and is deleted once it has ended, its checkpoints before, and its model stays', async () => {
  const endless = job({ budget: { epochs: 100_000 }, hyperparameters: { evaluate_every: 1000 } });
  const { id } = (await post('/v1/training/jobs', endless)).json<{ id: string }>();
  expect(await remove(`/v1/training/jobs/${id}`)).toMatchObject([409, { code: 'job_state_conflict' }]);
  expect(await remove(`/v1/training/jobs/${id}/checkpoints/1`)).toMatchObject([
    409,
    { code: 'job_state_conflict' },
  ]);
  await post(`/v1/training/jobs/${id}/cancel`, {});
  await waitForJob(id);

  const made = (await post('/v1/training/jobs', job({ budget: { epochs: 5 }, keep: 2 }))).json<{
    id: string;
  }>();
  expect(await waitForJob(made.id)).toMatchObject({ published: 'made@1' });
  const url = `/v1/training/jobs/${made.id}`;
  const steps = async (): Promise<number[]> =>
    (await get(`${url}/checkpoints`)).json<{ data: { step: number }[] }>().data.map(({ step }) => step);
  const series = (await get(`${url}/series?metric=validation_loss`)).json<{ points: { step: number }[] }>();
  expect(series.points.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
  expect((await get(`${url}/series`)).statusCode).toBe(400);
  expect((await get('/v1/training/jobs/job_none/series?metric=loss')).statusCode).toBe(404);
  // the best, and the last two
  const kept = await steps();
  expect(kept.slice(-2)).toEqual([4, 5]);
  expect(kept.length).toBeLessThanOrEqual(3);
  expect(await remove(`${url}/checkpoints/5`)).toEqual([200, { id: `${made.id}:5`, deleted: true }]);
  expect(await steps()).toEqual(kept.slice(0, -1));
  expect(await remove(`${url}/checkpoints/5`)).toMatchObject([404, { code: 'checkpoint_not_found' }]);
  expect((await post(`${url}/checkpoints/5/publish`, {})).json<Problem>().code).toBe('checkpoint_not_found');

  expect(await remove(url)).toEqual([200, { id: made.id, deleted: true }]);
  expect(await remove(url)).toMatchObject([404, { code: 'job_not_found' }]);
  expect((await get(url)).statusCode).toBe(404);
  const { data } = (await get('/v1/training/jobs')).json<{ data: { id: string }[] }>();
  expect(data.map((one) => one.id)).toEqual([id]);
  expect((await get('/v1/models/made')).statusCode).toBe(200);
}, 60_000);
