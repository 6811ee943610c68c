import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { anyone, spec } from './fixtures.ts';
import { createService } from './service.ts';

it('writes inline records to a file in the job’s folder, not to the database', async () => {
  const { jobs, store, folders } = createService();
  const { id } = await jobs.create(
    spec('m', { validation: { records: [{ text: 'b', label: 'x' }] } }),
    anyone,
  );
  const job = (await store.job(id))!;
  expect(job.spec).toMatchObject({ data: { dataset: 'inline' }, validation: { dataset: 'inline' } });
  expect(readFileSync(job.data.path, 'utf8')).toBe('{"text":"a","label":"x"}\n');
  expect(job.validation!.path).toBe(join(folders.path(id), 'validation.jsonl'));
});

it('copies the base model', async () => {
  const { jobs, folders } = createService();
  const { id } = await jobs.create(spec('m', { network: undefined, base: 'base@1' }), anyone);
  expect(existsSync(join(folders.base(id)!, 'model.json'))).toBe(true);
});

it('leaves no folder of a rejected job', async () => {
  const { jobs, folder } = createService();
  await expect(jobs.create(spec('m', { data: { dataset: 'ds_none' } }), anyone)).rejects.toMatchObject({
    code: 'dataset_not_found',
  });
  expect(readdirSync(join(folder, 'jobs'))).toEqual([]);
});
