import { mkdir, readdir, rm, rmdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

// A lease on the files of a job: <data>/leases/<job>/<fence>/<job> is a link to the job's folder, and the training thread
// of a worker writes its checkpoints through the link of its own lease. Taking a job over removes the links of earlier
// leases, after which a thread that was stopped and goes on reaches nothing: what it writes is in a folder that nobody reads.

export interface LeaseFolders {
  /** The highest fence that a lease of a job has had; 0 without one. */
  lastFence(job: string): Promise<number>;
  /** Makes the link of a lease and removes those of earlier ones. @returns the job's folder for the owner of the lease */
  open(job: string, fence: number): Promise<string>;
  /** Removes the link of a lease. */
  close(job: string, fence: number): Promise<void>;
}

/** @param data UNROLL_DATA */
export function createLeaseFolders(data: string): LeaseFolders {
  const root = (job: string): string => join(data, 'leases', job);
  const fences = async (job: string): Promise<number[]> =>
    (await readdir(root(job)).catch(() => [])).map(Number).filter(Number.isSafeInteger);
  return {
    lastFence: async (job) => Math.max(0, ...(await fences(job))),
    async open(job, fence) {
      const folder = join(root(job), String(fence));
      await mkdir(folder, { recursive: true });
      const link = join(folder, job);
      await symlink(join('../../../jobs', job), link, 'dir');
      for (const earlier of (await fences(job)).filter((one) => one < fence))
        await rm(join(root(job), String(earlier)), { recursive: true, force: true });
      return link;
    },
    async close(job, fence) {
      await rm(join(root(job), String(fence)), { recursive: true, force: true });
      // which keeps the folders of later leases
      await rmdir(root(job)).catch(() => {});
    },
  };
}
