import { randomBytes } from 'node:crypto';
import { UnrollError } from '../../errors.ts';
import type { ComparisonReport } from './compare-trials.ts';
import type { ComparisonRequest } from './comparison-request.ts';
import { createComparisonRecords, type ComparisonRecords } from './comparison-records.ts';
import { isVisible, type Comparison, type Job, type Viewer } from '../job.ts';
import type { JobRegistry } from '../job-registry.ts';
import type { Publisher } from '../publisher.ts';
import type { JobStore } from '../store/store.ts';
import { toPublishError, type TrainingJobs } from '../training-jobs.ts';
import { createTrials } from './trials.ts';

// Comparisons: each runs one training job a trial and publishes the best model.

export interface Comparisons {
  /** Restores undecided comparisons after a start; called before their jobs are restored. */
  restore(comparisons: readonly Comparison[]): void;
  /** Decides every comparison whose trials have all finished; called after jobs are restored. */
  decideAll(): void;
  /** Decides a comparison if its trials have all finished. */
  decide(id: string): Promise<void>;
  /** @throws UnrollError invalid_request, name_taken, too_many_jobs … */
  create(request: ComparisonRequest, viewer: Viewer): Promise<ComparisonReport>;
  // a comparison of others is as if there were none
  /** @throws UnrollError comparison_not_found */
  get(id: string, viewer: Viewer): Promise<ComparisonReport>;
  list(viewer: Viewer): Promise<ComparisonReport[]>;
  /**
   * Cancels the comparison and its unfinished trials; no model is published. Does nothing to a decided
   * comparison.
   */
  cancel(id: string, viewer: Viewer): Promise<ComparisonReport>;
}

export interface ComparisonsOptions {
  readonly store: JobStore;
  readonly registry: Pick<JobRegistry, 'onFinished'> & {
    readonly unfinished: (id: string) => Job | null | Promise<Job | null>;
  };
  /** In memory and in the store by default. */
  readonly records?: ComparisonRecords;
  readonly jobs: Pick<TrainingJobs, 'create' | 'reservations' | 'cancel' | 'checkSpec' | 'checkPublishing'>;
  readonly publisher: Publisher;
  /** Whether the server is shutting down: a publication that fails then is repeated after the next start. */
  readonly closing: () => boolean;
  readonly log: { warn(fields: object, message: string): void };
}

export function createComparisons(options: ComparisonsOptions): Comparisons {
  const { store, registry, jobs, publisher, closing, log } = options;
  const { records = createComparisonRecords(store, log) } = options;

  async function find(id: string, viewer: Viewer): Promise<Comparison> {
    const comparison = await records.find(id);
    if (!comparison || !isVisible(comparison, viewer))
      throw new UnrollError('comparison_not_found', `there is no comparison ${id}`);
    return comparison;
  }

  /** Publishes the best successful trial once all trials have finished. */
  async function decide(id: string): Promise<void> {
    const comparison = await records.undecided(id);
    if (comparison?.status !== 'running' || (await unfinishedTrials(comparison)).length > 0) return;
    const { trials } = await store.withoutTimeout.compare(comparison);
    const winner = trials.find(({ status }) => status === 'succeeded');
    const step = winner ? (await store.withoutTimeout.job(winner.job))?.best : null;
    // `apply` returns null if the comparison was cancelled meanwhile
    if (winner && typeof step === 'number') {
      if (await records.apply(id, 'best_found', { best: { job: winner.job, step } })) await publishBest(id);
    } else {
      const allCancelled = trials.every((trial) => trial.status === 'cancelled');
      await records.apply(id, allCancelled ? 'trials_cancelled' : 'fail');
    }
  }

  async function unfinishedTrials({ trials }: Comparison): Promise<Comparison['trials'][number][]> {
    const unfinished = await Promise.all(trials.map(async ({ job }) => registry.unfinished(job)));
    return trials.filter((_, i) => unfinished[i] !== null);
  }

  async function publishBest(id: string): Promise<void> {
    const { best, model } = (await records.undecided(id)) ?? {};
    if (!best || !model) return;
    try {
      const job = await store.withoutTimeout.job(best.job);
      if (!job) throw new UnrollError('job_not_found', `the best trial, job ${best.job}, has been deleted`);
      const { publish: policy, force } = job.spec;
      const publication = { job, step: best.step, name: model, policy, force };
      const { version: published, ...report } = await publisher.publish(publication);
      const changes = { published, publication: report };
      await records.apply(id, published === null ? 'not_published' : 'published', changes);
    } catch (error) {
      if (closing()) return;
      log.warn({ comparison: id, err: error }, 'the best model of a comparison cannot be published');
      await records.apply(id, 'fail', { error: toPublishError(error) });
    }
  }

  const continueDecision = async (id: string): Promise<void> =>
    (await records.undecided(id))?.status === 'publishing' ? publishBest(id) : decide(id);

  const inBackground = (id: string, work: Promise<void>): void =>
    void work.catch((error: unknown) =>
      log.warn({ comparison: id, err: error }, 'a comparison cannot be decided'),
    );

  registry.onFinished(({ comparison: id }) => {
    if (id !== null) inBackground(id, decide(id));
  });

  return {
    restore: (comparisons) => records.restore(comparisons),
    decideAll() {
      for (const id of records.restored()) inBackground(id, continueDecision(id));
    },
    decide: continueDecision,

    async create(request, viewer) {
      const trials = await createTrials(request);
      for (const { spec } of trials) jobs.checkSpec(spec);
      await jobs.checkPublishing(request.spec, request.model);
      const release = await jobs.reservations.reserve(
        trials.map(({ spec }) => spec.model),
        viewer,
      );
      const id = `cmp_${randomBytes(9).toString('hex')}`;
      const createdTrials: Comparison['trials'][number][] = [];
      try {
        for (const { cell, settings, spec } of trials) {
          const { id: job } = await jobs.create(spec, viewer, { comparison: id });
          createdTrials.push({ job, cell, settings });
        }
        const comparison: Comparison = {
          id,
          owner: viewer.name,
          model: request.model,
          status: 'running',
          createdAt: Date.now() / 1000,
          request: { ...request, spec: undefined },
          trials: createdTrials,
          published: null,
        };
        await records.add(comparison);
        // trials may have finished already
        inBackground(id, decide(id));
        return await store.compare(comparison);
      } catch (error) {
        await Promise.all(createdTrials.map(({ job }) => jobs.cancel(job, viewer).catch(() => {})));
        throw error;
      } finally {
        release();
      }
    },
    get: async (id, viewer) => store.compare(await find(id, viewer)),
    async list(viewer) {
      const visible = (await records.list()).filter((one) => isVisible(one, viewer));
      return Promise.all(visible.map((one) => store.compare(one)));
    },
    async cancel(id, viewer) {
      const found = await find(id, viewer);
      const cancelled = await records.apply(id, 'cancel');
      const comparison = cancelled?.comparison ?? (await records.undecided(id)) ?? found;
      if (cancelled) {
        // a trial may have finished by now
        const unfinished = await unfinishedTrials(comparison);
        await Promise.all(unfinished.map(({ job }) => jobs.cancel(job, viewer).catch(ignoreConflict)));
        await cancelled.saved;
      }
      return store.compare(comparison);
    },
  };
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof UnrollError) || error.code !== 'job_state_conflict') throw error;
}
