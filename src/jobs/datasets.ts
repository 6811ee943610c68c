import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { UnrollError } from '../errors.ts';
import { validateData, type LineError } from '../training/data/validate-data.ts';
import type { DataFile } from '../training/run-messages.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import { isOver, type Dataset } from './job.ts';
import type { JobStore } from './store.ts';

// Uploaded training data: one file each under <data>/datasets, which bears its name only when it is whole and valid.

export interface Datasets {
  /**
   * Streams a file to the disk and reads it through. Nothing is left of what is refused or breaks off.
   * @param task what its records are for; null takes any objects
   * @throws UnrollError body_too_large, invalid_dataset, disk_full
   */
  add(
    from: Readable,
    about: { name: string; format: DataFile['format']; task: TrainingSpec['task'] | null },
  ): Promise<Dataset>;
  list(): Dataset[];
  /** @throws UnrollError dataset_not_found */
  get(id: string): Dataset;
  file(id: string): DataFile;
  /** @throws UnrollError dataset_not_found, in_use */
  remove(id: string): Promise<void>;
}

/** @param folder where uploads go @param mostBytes of one */
export function createDatasets(store: JobStore, folder: string, mostBytes: number): Datasets {
  const get = (id: string): Dataset => {
    const dataset = store.dataset(id);
    if (!dataset)
      throw new UnrollError('dataset_not_found', `there is no dataset ${id}`, { field: 'dataset' });
    return dataset;
  };
  const pathOf = ({ id, format }: Pick<Dataset, 'id' | 'format'>): string => join(folder, `${id}.${format}`);

  return {
    async add(from, { name, format, task }) {
      const id = `ds_${randomBytes(9).toString('hex')}`;
      const draft = join(folder, `.${id}`);
      const counted = counter(mostBytes);
      try {
        await mkdir(folder, { recursive: true });
        await save(from, counted.stream, draft);
        const { records, errors } = await validateData({ path: draft, format }, task);
        if (errors.length > 0) throw invalid(errors);
        if (records === 0) throw new UnrollError('invalid_dataset', 'the file holds no records');
        const dataset: Dataset = {
          id,
          name,
          format,
          bytes: counted.bytes(),
          records,
          createdAt: Date.now() / 1000,
        };
        await rename(draft, pathOf(dataset));
        store.saveDataset(dataset);
        return dataset;
      } catch (error) {
        await rm(draft, { force: true });
        throw diskFull(error) ?? error;
      }
    },
    list: () => store.datasets(),
    get,
    file: (id) => {
      const dataset = get(id);
      return { path: pathOf(dataset), format: dataset.format };
    },
    async remove(id) {
      const dataset = get(id);
      const path = pathOf(dataset);
      const user = store
        .unfinishedJobs()
        .find(
          ({ status, data, validation }) =>
            !isOver(status) && (data.path === path || validation?.path === path),
        );
      if (user)
        throw new UnrollError('in_use', `${id} is what job ${user.id} learns from, which is ${user.status}`, {
          field: 'dataset',
        });
      store.removeDataset(id);
      await rm(path, { force: true });
    },
  };
}

/** @returns disk_full for what the file system says of one */
export function diskFull(error: unknown): UnrollError | null {
  const { code, errcode } = (error ?? {}) as { code?: string; errcode?: number };
  // 13 is SQLITE_FULL
  return code === 'ENOSPC' || code === 'EDQUOT' || errcode === 13
    ? new UnrollError('disk_full', 'there is no room on the disk of UNROLL_DATA', { cause: error })
    : null;
}

const invalid = (errors: readonly LineError[]): UnrollError =>
  new UnrollError(
    'invalid_dataset',
    errors
      .slice(0, 5)
      .map(({ line, message }) => `line ${line}: ${message}`)
      .join('; ') + (errors.length > 5 ? `; and more` : ''),
    { lines: errors },
  );

export const tooLarge = (most: number): UnrollError =>
  new UnrollError('body_too_large', `a dataset: at most ${most} bytes (UNROLL_MAX_DATASET_BYTES)`);

/**
 * Streams to a file. What is refused on the way is still read to its end: pipeline() would part the request from its
 * connection, on which the caller's next request would then wait for ever.
 */
async function save(from: Readable, through: Transform, path: string): Promise<void> {
  finished(from, { writable: false }).catch((error: Error) => through.destroy(error));
  from.pipe(through);
  try {
    await pipeline(through, createWriteStream(path));
  } finally {
    from.unpipe(through);
    from.resume();
  }
}

/** Counts bytes on their way, and stops them at a limit. */
function counter(most: number): { stream: Transform; bytes: () => number } {
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes > most) done(tooLarge(most));
      else done(null, chunk);
    },
  });
  return { stream, bytes: () => bytes };
}
