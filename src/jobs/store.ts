import type { Comparison, Dataset, Job, JobCheckpoint, JobEvent } from './job.ts';

/** Where jobs live between two starts of the server. Every call is done when it returns. */
export interface JobStore {
  saveJob(job: Job): void;
  job(id: string): Job | null;
  /** Newest first. @param after the id that the page before ended with */
  jobs(page: { limit: number; after?: string | undefined }): Job[];
  unfinishedJobs(): Job[];

  addEvent(event: Omit<JobEvent, 'id'>): JobEvent;
  /** In order. @param after the id of the last one that is known */
  events(job: string, page: { limit: number; after: number }): JobEvent[];

  saveCheckpoint(checkpoint: JobCheckpoint): void;
  checkpoints(job: string): JobCheckpoint[];
  /** What a job said past a step is forgotten: it goes on from there, and says it again. */
  forgetAfter(job: string, step: number): void;

  saveDataset(dataset: Dataset): void;
  dataset(id: string): Dataset | null;
  datasets(): Dataset[];
  removeDataset(id: string): void;

  saveComparison(comparison: Comparison): void;
  comparison(id: string): Comparison | null;
  comparisons(): Comparison[];
  close(): void;
}
