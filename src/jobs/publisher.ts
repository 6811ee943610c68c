import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UnrollError } from '../errors.ts';
import { defaultAlias, specFile } from '../model-files.ts';
import { findCurrentVersion, findPublishedVersion, publishVersion } from '../repository/publish-version.ts';
import type { Repository } from '../repository/repository-interface.ts';
import { checkpointFolder } from '../training/run/checkpoint.ts';
import { decidePublication, type Candidate, type CurrentModel } from './decide-publication.ts';
import type { Job, JobCheckpoint, PublicationReport } from './job.ts';
import type { JobFolders } from './job-folders.ts';
import type { VersionMeasurements } from './measure-versions.ts';
import type { JobStore } from './store/store.ts';

export interface Publication extends Pick<Candidate, 'policy' | 'force'> {
  readonly job: Pick<Job, 'id' | 'spec' | 'data' | 'validation'>;
  readonly step: number;
  /** The model's name. */
  readonly name: string;
  /** The alias that is pointed at the version: by default, `default`. */
  readonly alias?: string;
}

export interface Published extends PublicationReport {
  /** `name@version`; null where it was decided that it is not published. */
  readonly version: string | null;
}

/** Publishes checkpoints as model versions. */
export interface Publisher {
  /**
   * Publishes a checkpoint once under a name, also over restarts of the server, if its policy allows it.
   * @throws UnrollError models_read_only, disk_full, checkpoint_not_found
   */
  publish(publication: Publication): Promise<Published>;
}

/** Runs the last part of a publication, which names the version, while no other of the same model does. */
export type Exclusively = <T>(publication: Publication, work: () => Promise<T>) => Promise<T>;

export interface PublisherOptions {
  readonly modelsRoot: string;
  readonly repository: Pick<Repository, 'rescan'>;
  readonly folders: JobFolders;
  readonly store: JobStore;
  readonly measurements: Pick<VersionMeasurements, 'measure'>;
  readonly memoryMegabytes: number;
  /** One at a time in this process by default. */
  readonly exclusively?: Exclusively;
}

/** The version that takes the traffic is another one than that which the decision was about. */
class TrafficMoved extends Error {}
/** How often it is decided again, since others have published meanwhile. */
const maxDecisions = 10;

export function createPublisher(options: PublisherOptions): Publisher {
  const { modelsRoot, repository, folders, store, measurements, memoryMegabytes } = options;
  const { exclusively = createTurns() } = options;

  async function tryToPublish(publication: Publication): Promise<Published> {
    const { job, step, name, alias = defaultAlias } = publication;
    const row = (await store.withoutTimeout.checkpoints(job.id)).find((one) => one.step === step);
    const before = row?.published ?? null;
    if (before !== null && isVersionOf(modelsRoot, name, before))
      return { version: before, published: true, reason: 'it has been published before' };
    const id = `${job.id}:${step}`;
    const folder = checkpointFolder(folders.path(job.id), step);
    if (!existsSync(join(folder, specFile)))
      throw new UnrollError('checkpoint_not_found', `job ${job.id} has no checkpoint of step ${step}`);
    // a process that was killed may have named the version, and not said so
    const named = await findPublishedVersion(join(modelsRoot, name), id);
    const current = await findCurrentModel(modelsRoot, name);
    const report =
      named === null
        ? await decidePublication({ ...publication, folder }, current, measurements, memoryMegabytes)
        : { published: true, reason: 'it was published by a process that has ended since' };
    if (!report.published) return { ...report, version: null };
    const version = await exclusively(publication, () =>
      publishVersion(modelsRoot, name, folder, {
        publication: id,
        alias,
        check({ version: now }) {
          if (now !== (current?.version ?? null)) throw new TrafficMoved();
        },
      }),
    );
    return { ...report, version: `${name}@${version}` };
  }

  async function saveRow(job: string, step: number, published: string): Promise<void> {
    const row = (await store.withoutTimeout.checkpoints(job)).find((one) => one.step === step);
    if (row && row.published !== published) await store.withoutTimeout.saveCheckpoint({ ...row, published });
  }

  return {
    async publish(publication) {
      for (let decisions = 1; ; decisions++) {
        try {
          const result = await tryToPublish(publication);
          if (result.version === null) return result;
          await repository.rescan(result.version);
          await saveRow(publication.job.id, publication.step, result.version);
          return result;
        } catch (error) {
          if (!(error instanceof TrafficMoved) || decisions === maxDecisions) throw toPublisherError(error);
        }
      }
    },
  };
}

/** The version that has the traffic of a name, in the models folder; null where there is none. */
export async function findCurrentModel(
  root: string,
  name: string,
): Promise<(CurrentModel & { readonly version: number }) | null> {
  if (!existsSync(join(root, name))) return null;
  const { version } = await findCurrentVersion(root, name);
  return version === null
    ? null
    : { id: `${name}@${version}`, folder: join(root, name, String(version)), version };
}

/** Whether a published version is of a name, and there still. */
function isVersionOf(
  root: string,
  name: string,
  published: NonNullable<JobCheckpoint['published']>,
): boolean {
  const [model, version = ''] = published.split('@');
  return model === name && existsSync(join(root, name, version));
}

function toPublisherError(error: unknown): unknown {
  if (error instanceof TrafficMoved)
    return new UnrollError('in_use', 'other versions of the model are being published all the time');
  return error;
}

/** Publications of one name, one after the other. */
function createTurns(): Exclusively {
  const last = new Map<string, Promise<unknown>>();
  return ({ name }, work) => {
    const turn = (last.get(name) ?? Promise.resolve()).then(work);
    const done = turn.catch(() => {});
    last.set(name, done);
    void done.then(() => {
      if (last.get(name) === done) last.delete(name);
    });
    return turn;
  };
}
