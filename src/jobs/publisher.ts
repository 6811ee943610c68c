import { publishVersion } from '../repository/publish-version.ts';
import type { Repository } from '../repository/repository-interface.ts';
import { checkpointFolder } from '../training/run/checkpoint.ts';
import type { JobFolders } from './job-folders.ts';
import type { JobStore } from './store/store.ts';

/** Publishes checkpoints as model versions. */
export interface Publisher {
  /**
   * Publishes a checkpoint once under a name, also over restarts of the server.
   * @returns `name@version`
   */
  publish(job: string, step: number, name: string): Promise<string>;
}

export function createPublisher(
  modelsRoot: string,
  repository: Pick<Repository, 'rescan'>,
  folders: JobFolders,
  store: JobStore,
): Publisher {
  /** The last publication of each model name; the next one waits for it. */
  const last = new Map<string, Promise<unknown>>();

  async function publish(job: string, step: number, name: string): Promise<string> {
    const from = checkpointFolder(folders.path(job), step);
    const version = await publishVersion(modelsRoot, name, from, `${job}:${step}`);
    const published = `${name}@${version}`;
    await repository.rescan(published);
    const row = (await store.withoutTimeout.checkpoints(job)).find((one) => one.step === step);
    if (row && row.published !== published) await store.withoutTimeout.saveCheckpoint({ ...row, published });
    return published;
  }

  return {
    publish(job, step, name) {
      const previous = last.get(name) ?? Promise.resolve();
      const publication = previous.catch(() => {}).then(() => publish(job, step, name));
      last.set(name, publication);
      void publication
        .catch(() => {})
        .finally(() => {
          if (last.get(name) === publication) last.delete(name);
        });
      return publication;
    },
  };
}
