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
import type { Dataset, Job } from './job.ts';
import { toDiskFullError } from './store/store-errors.ts';
import type { JobStore } from './store/store.ts';

// Uploaded training data: one file each under <data>/datasets, which gets its name only when it is whole and valid.

export interface Datasets {
  /**
   * Streams a file to the disk and reads it through. Nothing is left of what is refused or breaks off.
   * @param task what its records are for; null takes any objects
   * @throws UnrollError body_too_large, invalid_dataset, quota_exceeded, disk_full
   */
  add(
    from: Readable,
    about: { name: string; format: DataFile['format']; task: TrainingSpec['task'] | null },
  ): Promise<Dataset>;
  list(): Promise<Dataset[]>;
  /** Both: @throws UnrollError dataset_not_found */
  get(id: string): Promise<Dataset>;
  file(id: string): Promise<DataFile>;
  /** @throws UnrollError dataset_not_found, in_use */
  remove(id: string): Promise<void>;
}

export interface DatasetLimits {
  /** Bytes of one, and of all together. */
  readonly maxBytes: number;
  readonly maxTotalBytes: number;
}

/** @param folder where uploads go @param unfinished jobs that may read them */
export function createDatasets(
  store: JobStore,
  folder: string,
  limits: DatasetLimits,
  space: DiskSpace,
  unfinished: () => Iterable<Job>,
): Datasets {
  /** Bytes of uploads under way. */
  let arriving = 0;
  const get = async (id: string): Promise<Dataset> => {
    const dataset = await store.dataset(id);
    if (!dataset)
      throw new UnrollError('dataset_not_found', `there is no dataset ${id}`, { field: 'dataset' });
    return dataset;
  };
  const pathOf = ({ id, format }: Pick<Dataset, 'id' | 'format'>): string => join(folder, `${id}.${format}`);

  return {
    async add(from, { name, format, task }) {
      const id = `ds_${randomBytes(9).toString('hex')}`;
      const draft = join(folder, `.${id}`);
      let bytes = 0;
      let checkedAt = 0;
      try {
        await space.check(0);
        await mkdir(folder, { recursive: true });
        const stored = (await store.datasets()).reduce((sum, one) => sum + one.bytes, 0);
        await save(from, draft, async (more) => {
          bytes += more;
          arriving += more;
          if (bytes > limits.maxBytes) throw datasetTooLarge(limits.maxBytes);
          if (stored + arriving > limits.maxTotalBytes) throw quotaExceeded(limits.maxTotalBytes);
          if (bytes - checkedAt < spaceEveryBytes) return;
          checkedAt = bytes;
          await space.check(0);
        });
        const { records, errors } = await validateData({ path: draft, format }, task);
        if (errors.length > 0) throw invalid(errors);
        if (records === 0) throw new UnrollError('invalid_dataset', 'the file holds no records');
        const dataset: Dataset = { id, name, format, bytes, records, createdAt: Date.now() / 1000 };
        await rename(draft, pathOf(dataset));
        try {
          await store.saveDataset(dataset);
        } catch (error) {
          await rm(pathOf(dataset), { force: true });
          throw error;
        }
        return dataset;
      } catch (error) {
        from.resume();
        await rm(draft, { force: true }).catch(() => {});
        throw toDiskFullError(error) ?? error;
      } finally {
        arriving -= bytes;
      }
    },
    list: () => store.datasets(),
    get,
    file: async (id) => {
      const dataset = await get(id);
      return { path: pathOf(dataset), format: dataset.format };
    },
    async remove(id) {
      const dataset = await get(id);
      const path = pathOf(dataset);
      const user = [...unfinished()].find(
        ({ data, validation }) => data.path === path || validation?.path === path,
      );
      if (user)
        throw new UnrollError('in_use', `${id} is what job ${user.id} learns from, which is ${user.status}`, {
          field: 'dataset',
        });
      await store.removeDataset(id);
      await rm(path, { force: true });
    },
  };
}

/** Bytes of an upload between two looks at how much of the disk is free. */
const spaceEveryBytes = 8 * 2 ** 20;

const invalid = (errors: readonly LineError[]): UnrollError =>
  new UnrollError(
    'invalid_dataset',
    errors
      .slice(0, 5)
      .map(({ line, message }) => `line ${line}: ${message}`)
      .join('; ') + (errors.length > 5 ? `; and more` : ''),
    { lines: errors },
  );

export const datasetTooLarge = (most: number): UnrollError =>
  new UnrollError('body_too_large', `a dataset: at most ${most} bytes (UNROLL_MAX_DATASET_BYTES)`);

const quotaExceeded = (most: number): UnrollError =>
  new UnrollError(
    'quota_exceeded',
    `datasets: at most ${most} bytes in all (UNROLL_MAX_DATASETS_BYTES); remove some first`,
  );

/**
 * Streams to a file. What is refused on the way is still read to its end: pipeline() would part the request from its
 * connection, on which the caller's next request would then wait for ever.
 * @param count is told of every chunk, and throws to refuse it
 */
async function save(from: Readable, path: string, count: (bytes: number) => Promise<void>): Promise<void> {
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
