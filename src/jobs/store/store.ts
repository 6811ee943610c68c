import type { ComparisonReport } from '../comparisons/compare-trials.ts';
import type { Comparison, Dataset, Job, JobCheckpoint, JobEvent } from '../job.ts';

/** The calls of the database by name. They run in the database thread. */
export interface JobStoreCalls {
  saveJob(job: Job): void;
  job(id: string): Job | null;
  /** Newest first. @param after the last id of the previous page @param owner whose; undefined for all */
  jobs(page: { limit: number; after?: string | undefined; owner?: string | null }): Job[];
  unfinishedJobs(): Job[];
  /** Removes a job with its events and checkpoints. */
  removeJob(id: string): void;

  addEvent(event: Omit<JobEvent, 'id'>): void;
  /** Oldest first. @param after the id of the last known event */
  events(job: string, page: { limit: number; after: number }): JobEvent[];

  saveCheckpoint(checkpoint: JobCheckpoint): void;
  checkpoints(job: string): JobCheckpoint[];
  removeCheckpoints(job: string, steps: readonly number[]): void;
  /** Removes a job's events and checkpoints after a step, from which it resumes and reports them again. */
  removeAfterStep(job: string, step: number): void;

  saveDataset(dataset: Dataset): void;
  dataset(id: string): Dataset | null;
  datasets(): Dataset[];
  removeDataset(id: string): void;

  saveComparison(comparison: Comparison): void;
  comparison(id: string): Comparison | null;
  comparisons(): Comparison[];
  /** Ranks the trials of a comparison by their jobs' metrics. */
  compare(comparison: Comparison): ComparisonReport;
}

/**
 * Persistent storage of jobs. Calls are executed one after the other, in the order they were made. They fail
 * after a time limit, except calls of `withoutTimeout`, which wait until the database can be written.
 * @throws UnrollError training_unavailable, disk_full
 */
export type JobStore = {
  readonly [Name in keyof JobStoreCalls]: (
    ...parameters: Parameters<JobStoreCalls[Name]>
  ) => Promise<ReturnType<JobStoreCalls[Name]>>;
} & {
  /** The same calls without a time limit, for state that jobs report. */
  readonly withoutTimeout: {
    readonly [Name in keyof JobStoreCalls]: (
      ...parameters: Parameters<JobStoreCalls[Name]>
    ) => Promise<ReturnType<JobStoreCalls[Name]>>;
  };
};
