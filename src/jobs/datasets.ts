import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { UnrollError } from '../errors.ts';
import { validateData, type LineError } from '../training/data/validate-data.ts';
import type { DataFile } from '../training/run/run-messages.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import type { DiskSpace } from './disk-space.ts';
import { isVisible, type Dataset, type Job, type Viewer } from './job.ts';
import { toDiskFullError } from '../database/database-errors.ts';
import type { JobStore } from './store/store.ts';

// Uploaded training data: one file each under <data>/datasets, renamed to its final name once it is complete
// and valid.

export interface Datasets {
  /**
   * Streams an upload to the disk and validates its records. A rejected or aborted upload leaves no file.
   * @param task whose record schema is checked; null accepts any JSON objects
   * @throws UnrollError body_too_large, invalid_dataset, quota_exceeded, disk_full
   */
  add(
    from: Readable,
    about: { name: string; format: DataFile['format']; task: TrainingSpec['task'] | null },
    viewer: Viewer,
  ): Promise<Dataset>;
  list(viewer: Viewer): Promise<Dataset[]>;
  // a dataset of others is as if there were none
  /** `get` and `file` @throws UnrollError dataset_not_found */
  get(id: string, viewer: Viewer): Promise<Dataset>;
  file(id: string, viewer: Viewer): Promise<DataFile>;
  /** @throws UnrollError dataset_not_found, in_use */
  remove(id: string, viewer: Viewer): Promise<void>;
}

export interface DatasetLimits {
  /** Limits of one dataset, and of all datasets together. */
  readonly maxBytes: number;
  readonly maxTotalBytes: number;
}

/** @param folder for the uploaded files @param unfinished jobs that may read them */
export function createDatasets(
  store: JobStore,
  folder: string,
  limits: DatasetLimits,
  space: DiskSpace,
  unfinished: () => Iterable<Job> | Promise<Iterable<Job>>,
): Datasets {
  /** Bytes received by uploads in progress. */
  let receivingBytes = 0;
  const get = async (id: string, viewer: Viewer): Promise<Dataset> => {
    const dataset = await store.dataset(id);
    if (!dataset || !isVisible(dataset, viewer))
      throw new UnrollError('dataset_not_found', `there is no dataset ${id}`, { field: 'dataset' });
    return dataset;
  };
  const getPath = ({ id, format }: Pick<Dataset, 'id' | 'format'>): string => join(folder, `${id}.${format}`);

  return {
    async add(from, { name, format, task }, viewer) {
      const id = `ds_${randomBytes(9).toString('hex')}`;
      const temporaryPath = join(folder, `.${id}`);
      let bytes = 0;
      let checkedAt = 0;
      try {
        await space.check(0);
        await mkdir(folder, { recursive: true });
        const stored = (await store.datasets()).reduce((sum, one) => sum + one.bytes, 0);
        await streamToFile(from, temporaryPath, async (more) => {
          bytes += more;
          receivingBytes += more;
          if (bytes > limits.maxBytes) throw datasetTooLarge(limits.maxBytes);
          if (stored + receivingBytes > limits.maxTotalBytes) throw quotaExceeded(limits.maxTotalBytes);
          if (bytes - checkedAt < spaceCheckIntervalBytes) return;
          checkedAt = bytes;
          await space.check(0);
        });
        const { records, errors } = await validateData({ path: temporaryPath, format }, task);
        if (errors.length > 0) throw toDatasetError(errors);
        if (records === 0) throw new UnrollError('invalid_dataset', 'the file has no records');
        // records of CSV and text files are checked alike for every task
        const validatedFor = format === 'jsonl' ? task : 'any';
        const dataset: Dataset = {
          id,
          owner: viewer.name,
          name,
          format,
          bytes,
          records,
          ...(validatedFor && { validatedFor }),
          createdAt: Date.now() / 1000,
        };
        await rename(temporaryPath, getPath(dataset));
        try {
          await store.saveDataset(dataset);
        } catch (error) {
          await rm(getPath(dataset), { force: true });
          throw error;
        }
        return dataset;
      } catch (error) {
        from.resume();
        await rm(temporaryPath, { force: true }).catch(() => {});
        throw toDiskFullError(error) ?? error;
      } finally {
        receivingBytes -= bytes;
      }
    },
    list: async (viewer) => (await store.datasets()).filter((one) => isVisible(one, viewer)),
    get,
    file: async (id, viewer) => {
      const dataset = await get(id, viewer);
      const { format, validatedFor } = dataset;
      return { path: getPath(dataset), format, ...(validatedFor && { validatedFor }) };
    },
    async remove(id, viewer) {
      const dataset = await get(id, viewer);
      const path = getPath(dataset);
      const user = [...(await unfinished())].find(
        ({ data, validation }) => data.path === path || validation?.path === path,
      );
      if (user)
        throw new UnrollError(
          'in_use',
          isVisible(user, viewer)
            ? `dataset ${id} is used by job ${user.id}, which is ${user.status}`
            : `dataset ${id} is used by a job of another key`,
          { field: 'dataset' },
        );
      await store.removeDataset(id);
      await rm(path, { force: true });
    },
  };
}

/** Bytes received between two checks of the free disk space. */
const spaceCheckIntervalBytes = 8 * 2 ** 20;

const toDatasetError = (errors: readonly LineError[]): UnrollError =>
  new UnrollError(
    'invalid_dataset',
    errors
      .slice(0, 5)
      .map(({ line, message }) => `line ${line}: ${message}`)
      .join('; ') + (errors.length > 5 ? `; and more` : ''),
    { lines: errors },
  );

export const datasetTooLarge = (maxBytes: number): UnrollError =>
  new UnrollError('body_too_large', `a dataset: at most ${maxBytes} bytes (UNROLL_MAX_DATASET_BYTES)`);

const quotaExceeded = (maxBytes: number): UnrollError =>
  new UnrollError(
    'quota_exceeded',
    `datasets: at most ${maxBytes} bytes in all (UNROLL_MAX_DATASETS_BYTES); remove some first`,
  );

/**
 * Streams an upload to a file. A rejected upload is still read to its end: pipeline() would detach the
 * request from its connection, and the caller's next request on it would wait forever.
 * @param count called with the size of every chunk; throws to reject the upload
 */
async function streamToFile(
  from: Readable,
  path: string,
  count: (bytes: number) => Promise<void>,
): Promise<void> {
  const through = new PassThrough();
  finished(from, { writable: false }).catch((error: Error) => through.destroy(error));
  from.pipe(through);
  try {
    await pipeline(
      through,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          await count(chunk.length);
          yield chunk;
        }
      },
      createWriteStream(path),
    );
  } finally {
    from.unpipe(through);
    from.resume();
  }
}
