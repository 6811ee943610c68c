import { isFinished, type Job } from '../job.ts';
import type { JobRegistry } from '../job-registry.ts';
import type { LocalTrainingJobs } from '../training-jobs.ts';
import type { Claimed, Lease, Leases, Settled } from './leases.ts';

// What a worker does with a job that it has claimed: it runs it as a server with an embedded database would, with a store
// that writes only while the lease lasts.

/** Sees all jobs. */
const anybody = { name: null, all: true };
/** How often the worker that has a job may die, before the job is taken to be the reason. */
const maxDeaths = 10;

export interface JobProcess {
  readonly jobs: Pick<LocalTrainingJobs, 'restore' | 'cancel' | 'pause' | 'resume'>;
  readonly registry: Pick<JobRegistry, 'add' | 'apply' | 'fail' | 'remove'>;
  readonly leases: Pick<Leases, 'release'>;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Runs a claimed job until it is finished, paused, another worker's, or this worker is closing. Ends the lease.
 * @param deaths how many workers have died with the job
 */
export async function processJob(
  { lease, job, request }: Claimed,
  deaths: number,
  process: JobProcess,
): Promise<Settled> {
  const { jobs, registry, leases } = process;
  if (isFinished(job.status) || (job.status === 'paused' && request !== 'resume' && request !== 'cancel')) {
    await leases.release(lease, 'now');
    return isFinished(job.status) ? 'finished' : 'paused';
  }
  if (deaths > maxDeaths) failAfterDeaths(job, deaths, registry);
  else {
    jobs.restore([job]);
    ask(lease, request, process);
  }
  for (;;) {
    const settled = await lease.settled.promise;
    lease.settled = Promise.withResolvers();
    const asked = await leases.release(lease, settled === 'paused' ? 'unless asked' : 'now');
    // a job that is paused already needs no lease to be paused
    if (asked === 'pause') await leases.release(lease, 'now');
    if (asked === '' || asked === 'pause') {
      // a job that is lost is forgotten already, and may be this worker's again
      if (settled !== 'lost') registry.remove(lease.job);
      return settled;
    }
    ask(lease, asked, process);
  }
}

/** Does what the owner of the job's lease was asked, unless the job has come too far. */
export function ask({ job }: Pick<Lease, 'job'>, request: string, { jobs, log }: JobProcess): void {
  const methods: Readonly<Record<string, (typeof jobs)['cancel'] | undefined>> = {
    cancel: jobs.cancel,
    pause: jobs.pause,
    resume: jobs.resume,
  };
  // refused where the job has finished meanwhile
  methods[request]?.(job, anybody).catch((error: unknown) =>
    log.warn({ job, err: error }, `a job cannot be changed: ${request}`),
  );
}

function failAfterDeaths(job: Job, deaths: number, registry: JobProcess['registry']): void {
  registry.add(job);
  registry.apply(job.id, 'restart');
  registry.fail(job.id, 'internal', `${deaths} workers have died with the job; see their logs under its id`);
}
