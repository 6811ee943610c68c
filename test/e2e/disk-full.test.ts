import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { describeWhere } from '../support/needs.ts';
import { modelFolder } from './model-folder.ts';
import { startServer } from './server-process.ts';

// UNROLL_DATA on a file system of four megabytes.

const root = mkdtempSync(join(tmpdir(), 'unroll-full-'));
const data = join(root, 'data');
mkdirSync(data);
const models = modelFolder(['classifier']);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', data]).status === 0;
const missing = 'no file system can be mounted here: only root may, in a container with CAP_SYS_ADMIN';
afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', data]);
  rmSync(root, { recursive: true, force: true });
  models.remove();
});

interface Job {
  readonly id: string;
  readonly status: string;
  readonly error: { code: string; message: string } | null;
}

describeWhere(mounted, missing, 'a full disk', () => {
  it('fails the job and refuses the upload, and the server serves on', async () => {
    const server = await startServer(models.path, { DATA: data, WORKERS: 1, DISK_RESERVE_BYTES: 0 });
    // weights and moments of this network take some three megabytes
    const { id } = await server.ask<Job>('/v1/training/jobs', {
      model: 'large',
      task: 'classify',
      network: {
        layers: [
          { type: 'embedding', units: 128 },
          { type: 'recurrent', cell: 'lstm', units: 256 },
          { type: 'dense' },
        ],
      },
      data: {
        records: Array.from({ length: 20 }, (_, i) => ({ text: `text ${i}`, label: i % 2 ? 'x' : 'y' })),
      },
      budget: { epochs: 50 },
    });
    let job: Job;
    do {
      await delay(50);
      job = (await (await server.get(`/v1/training/jobs/${id}`)).json()) as Job;
    } while (!['failed', 'succeeded'].includes(job.status));
    expect(job).toMatchObject({ status: 'failed', error: { code: 'disk_full' } });
    const upload = await server.post('/v1/datasets', '{"text":"a","label":"x"}\n'.repeat(200_000), {
      headers: { 'content-type': 'application/jsonl' },
    });
    expect(upload.status).toBe(507);
    expect(await upload.json()).toMatchObject({ code: 'disk_full' });

    expect((await server.get('/v2/health/ready')).status).toBe(200);
    expect((await server.get('/v1/training/jobs')).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });
});
