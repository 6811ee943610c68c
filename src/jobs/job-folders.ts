import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFile } from '../training/run/run-messages.ts';

// The folder of a job, <data>/jobs/<id>/: its record (job.json), inline data, a copy of the base model, and
// checkpoints.

export interface JobFolders {
  path(job: string): string;
  create(job: string): Promise<void>;
  /** Writes inline records to a JSONL file in the job's folder. */
  writeRecords(job: string, name: 'data' | 'validation', records: readonly unknown[]): Promise<DataFile>;
  copyBase(job: string, from: string): Promise<void>;
  base(job: string): string | null;
  /** The step of the last checkpoint that a run can resume from. */
  lastResumableStep(job: string): Promise<number | null>;
  remove(job: string): Promise<void>;
}

export function createJobFolders(root: string): JobFolders {
  const getPath = (job: string): string => join(root, job);
  return {
    path: getPath,
    create: async (job) => void (await mkdir(join(getPath(job), 'checkpoints'), { recursive: true })),
    async writeRecords(job, name, records) {
      const path = join(getPath(job), `${name}.jsonl`);
      await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      return { path, format: 'jsonl' };
    },
    copyBase: async (job, from) => cp(from, join(getPath(job), 'base'), { recursive: true }),
    base: (job) => (existsSync(join(getPath(job), 'base')) ? join(getPath(job), 'base') : null),
    async lastResumableStep(job) {
      const checkpoints = join(getPath(job), 'checkpoints');
      const names = existsSync(checkpoints) ? await readdir(checkpoints) : [];
      const steps = names
        .filter((name) => /^\d+$/.test(name) && existsSync(join(checkpoints, name, 'training.json')))
        .map(Number);
      return steps.length > 0 ? Math.max(...steps) : null;
    },
    remove: (job) => rm(getPath(job), { recursive: true, force: true }),
  };
}
