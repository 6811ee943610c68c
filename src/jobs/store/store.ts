import type { ComparisonReport } from '../comparisons/compare-trials.ts';
import type { Comparison, Dataset, Job, JobCheckpoint, JobEvent } from '../job.ts';

/** What the database is asked, by name: arguments → result. Runs in the database's own thread. */
export interface JobStoreCalls {
  saveJob(job: Job): void;
  job(id: string): Job | null;
  /** Newest first. @param after the id that the page before ended with */
  jobs(page: { limit: number; after?: string | undefined }): Job[];
  unfinishedJobs(): Job[];

  addEvent(event: Omit<JobEvent, 'id'>): void;
  /** In order. @param after the id of the last one that is known */
  events(job: string, page: { limit: number; after: number }): JobEvent[];

  saveCheckpoint(checkpoint: JobCheckpoint): void;
  checkpoints(job: string): JobCheckpoint[];
  removeCheckpoints(job: string, steps: readonly number[]): void;
  /** Removes a job's events and checkpoints past a step: it goes on from there, and reports them again. */
  removeAfterStep(job: string, step: number): void;

  saveDataset(dataset: Dataset): void;
  dataset(id: string): Dataset | null;
  datasets(): Dataset[];
  removeDataset(id: string): void;

  saveComparison(comparison: Comparison): void;
  comparison(id: string): Comparison | null;
  comparisons(): Comparison[];
  /** Ranks the trials of a comparison by what their jobs have measured. */
  compare(comparison: Comparison): ComparisonReport;
}

/**
 * Where jobs live between two starts of the server. Calls are executed one after the other, in the order they were made.
 * Reads, and writes that a caller waits for, fail after a time limit; `patient` ones wait until the database can be written.
 * All: @throws UnrollError training_unavailable, disk_full
 */
export type JobStore = {
  readonly [Name in keyof JobStoreCalls]: (
    ...parameters: Parameters<JobStoreCalls[Name]>
  ) => Promise<ReturnType<JobStoreCalls[Name]>>;
} & {
  /** The same calls without a time limit, for what jobs report of themselves. */
  readonly withoutTimeout: {
    readonly [Name in keyof JobStoreCalls]: (
      ...parameters: Parameters<JobStoreCalls[Name]>
    ) => Promise<ReturnType<JobStoreCalls[Name]>>;
  };
};

export type StoreState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'unavailable'; readonly reason: string };
