import { expect, it } from 'vitest';
import { anyone, eventually, silent, spec } from './fixtures.ts';
import { createService } from './service.ts';

const stack = 'Error: boom\n    at run (/home/somebody/unroll/src/training/run.ts:1:1)';

/** A running job with a fake thread, and its log. */
async function startJob() {
  const logged: object[] = [];
  const service = createService({ log: { ...silent, warn: (fields: object) => void logged.push(fields) } });
  const { id } = await service.jobs.create(spec(), anyone);
  const run = await eventually(() => service.runs[0]);
  return {
    run,
    logged: () => JSON.stringify(logged),
    async failed() {
      await eventually(async () => (await service.jobs.get(id, anyone)).status === 'failed');
      const events = await service.store.events(id, { limit: 100, after: 0 });
      const job = await service.jobs.get(id, anyone);
      return { job, shown: JSON.stringify([job, events]) };
    },
  };
}

it('logs the stack of an unexpected training failure and does not report it', async () => {
  const { run, failed, logged } = await startJob();
  run.send({ kind: 'failed', code: 'internal', message: 'the training failed', stack });
  run.exit('exit');
  const { job, shown } = await failed();
  expect(job).toMatchObject({ error: { code: 'internal', message: 'the training failed' } });
  expect(shown).not.toContain('/home/somebody');
  expect(logged()).toContain('/home/somebody');
});

it('logs the reason of an unexpected thread exit and does not report it', async () => {
  const { run, failed, logged } = await startJob();
  run.exit('Cannot find module /home/somebody/unroll/src/training/run-thread.ts');
  const { job, shown } = await failed();
  expect(job).toMatchObject({ error: { code: 'internal' } });
  expect(shown).not.toContain('/home/somebody');
  expect(logged()).toContain('/home/somebody');
});
