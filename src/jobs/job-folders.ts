import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFile } from '../training/run/run-messages.ts';

// A job's own folder: <data>/jobs/<id>/ with its record (job.json), its inline data, its copy of the base, and its checkpoints.

export interface JobFolders {
  path(job: string): string;
  create(job: string): Promise<void>;
  /** Writes records as the job's own data file. */
  writeRecords(job: string, name: 'data' | 'validation', records: readonly unknown[]): Promise<DataFile>;
  copyBase(job: string, from: string): Promise<void>;
  base(job: string): string | null;
  /** The last checkpoint that a run can go on from. */
  lastResumableStep(job: string): Promise<number | null>;
  remove(job: string): Promise<void>;
}

export function createJobFolders(root: string): JobFolders {
  const of = (job: string): string => join(root, job);
  return {
    path: of,
    create: async (job) => void (await mkdir(join(of(job), 'checkpoints'), { recursive: true })),
    async writeRecords(job, name, records) {
      const path = join(of(job), `${name}.jsonl`);
      await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      return { path, format: 'jsonl' };
    },
    copyBase: async (job, from) => cp(from, join(of(job), 'base'), { recursive: true }),
    base: (job) => (existsSync(join(of(job), 'base')) ? join(of(job), 'base') : null),
    async lastResumableStep(job) {
      const home = join(of(job), 'checkpoints');
      const names = existsSync(home) ? await readdir(home) : [];
      const steps = names
        .filter((name) => /^\d+$/.test(name) && existsSync(join(home, name, 'training.json')))
        .map(Number);
      return steps.length > 0 ? Math.max(...steps) : null;
    },
    remove: (job) => rm(of(job), { recursive: true, force: true }),
  };
}
