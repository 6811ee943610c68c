import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createComparisons } from '../../src/jobs/comparisons/comparisons.ts';
import { createDatasets } from '../../src/jobs/datasets.ts';
import { createDiskSpace } from '../../src/jobs/disk-space.ts';
import { createJobEvents } from '../../src/jobs/job-events.ts';
import { createJobFolders } from '../../src/jobs/job-folders.ts';
import { createJobRegistry } from '../../src/jobs/job-registry.ts';
import type { VersionMeasurements } from '../../src/jobs/measure-versions.ts';
import { createPublisher, type Publisher } from '../../src/jobs/publisher.ts';
import type { JobStore } from '../../src/jobs/store/store.ts';
import { createTrainingJobs } from '../../src/jobs/training-jobs.ts';
import { createFakeRuns } from './fake-runs.ts';
import { memoryStore, silent, temporaryFolder } from './fixtures.ts';
import type { TrainingJobsOptions } from '../../src/jobs/training-jobs-options.ts';

/** The training service with a store in memory and fake training threads. */
export function createService(
  options: Partial<TrainingJobsOptions> & {
    store?: JobStore;
    folder?: string;
    beforePublishing?: () => Promise<void>;
    measure?: VersionMeasurements['measure'];
  } = {},
) {
  const { store = memoryStore(), folder = temporaryFolder(), beforePublishing } = options;
  const modelsRoot = join(folder, 'models');
  mkdirSync(modelsRoot, { recursive: true });
  mkdirSync(join(folder, 'models/base/1'), { recursive: true });
  writeFileSync(join(folder, 'models/base/1/model.json'), '{}');
  const events = createJobEvents(store, (id) => registry.unfinished(id) !== null);
  const registry = createJobRegistry(store, events, silent);
  const folders = createJobFolders(join(folder, 'jobs'));
  const space = createDiskSpace(folder, 0);
  const limits = { maxBytes: 10_000, maxTotalBytes: 15_000 };
  const datasets = createDatasets(store, join(folder, 'datasets'), limits, space, registry.allUnfinished);
  const { measure = async () => ({ reason: 'the test measures nothing' }) } = options;
  const publishing = createPublisher({
    modelsRoot,
    repository: { rescan: async () => {} },
    folders,
    store,
    measurements: { measure },
    memoryMegabytes: 64,
  });
  const publisher: Publisher = {
    ...publishing,
    async publish(...parameters) {
      await beforePublishing?.();
      return publishing.publish(...parameters);
    },
  };
  const { startRun, runs } = createFakeRuns();
  const jobs = createTrainingJobs({
    store,
    registry,
    events,
    folders,
    datasets,
    publisher,
    modelsRoot,
    startRun,
    space,
    modelsSpace: space,
    repository: { acquire: () => ({ model: { name: 'base', version: 1 }, release() {} }) as never },
    maxRunning: 1,
    maxUnfinished: 10,
    threads: 1,
    memoryMegabytes: 64,
    quota: null,
    log: silent,
    ...options,
  });
  let closing = false;
  const comparisons = createComparisons({
    store,
    registry,
    jobs,
    publisher,
    closing: () => closing,
    log: silent,
  });
  return {
    /** Starts the shutdown of the server. */
    beginClosing: () => void (closing = true),
    store,
    registry,
    events,
    jobs,
    comparisons,
    datasets,
    runs,
    folder,
    folders,
    /** Versions of a model, and the names in their model.json. */
    published: (model: string): [string, string][] =>
      readdirSync(modelsRoot).includes(model)
        ? readdirSync(join(modelsRoot, model))
            .filter((version) => /^\d+$/.test(version))
            .map((version) => [
              version,
              (
                JSON.parse(readFileSync(join(modelsRoot, model, version, 'model.json'), 'utf8')) as {
                  name: string;
                }
              ).name,
            ])
        : [],
  };
}
