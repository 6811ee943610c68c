import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UnrollError } from '../errors.ts';
import { findCurrentVersion } from '../repository/publish-version.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import { readSpec } from './decide-publication.ts';
import type { DiskSpace } from './disk-space.ts';

export type PublishedSpec = Pick<TrainingSpec, 'task' | 'inputs' | 'outputs' | 'publish' | 'force'>;

/** Checks that versions can be written, before a job starts. @throws UnrollError training_unavailable */
export async function checkModelsFolder(root: string): Promise<void> {
  await checkWritable(root, `${root} (UNROLL_MODELS)`);
}

/** A folder that does not exist is created by the first publication. */
async function checkWritable(folder: string, label: string): Promise<void> {
  try {
    if (!(await stat(folder)).isDirectory())
      throw new UnrollError('training_unavailable', `${label} is not a folder`);
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (error instanceof UnrollError) throw error;
    throw new UnrollError('training_unavailable', `${label} cannot be written: ${code}`);
  }
}

/**
 * Checks that a job's model can be written, when the job is created rather than when it has trained.
 * @throws UnrollError training_unavailable, disk_full
 */
export async function checkModelFolder(
  { publish }: Pick<TrainingSpec, 'publish'>,
  name: string,
  root: string,
  space: DiskSpace,
): Promise<void> {
  if (publish === 'never') return;
  await checkModelsFolder(root);
  await checkWritable(join(root, name), `the folder of ${name} in UNROLL_MODELS`);
  await space.check(0);
}

/**
 * Checks that a job that is to take the traffic of a model can be called as it is, as far as the request says.
 * @throws UnrollError publish_refused with the field; models_read_only where the model's aliases cannot be read
 */
export async function checkInterface(spec: PublishedSpec, name: string, root: string): Promise<void> {
  const home = join(root, name);
  if (spec.publish === 'never' || !(await stat(home).catch(() => null))) return;
  const { version } = await findCurrentVersion(root, name);
  if (spec.force || version === null) return;
  const current = await readSpec(join(home, String(version)));
  if (!current) return;
  const refuse = (field: string, given: unknown, was: unknown): never => {
    throw new UnrollError(
      'publish_refused',
      `${field}: ${JSON.stringify(given)}, of ${name}@${version} ${JSON.stringify(was)}: train under another name, or set force, or publish to never`,
      { field },
    );
  };
  const { task, inputs, outputs } = spec;
  if (task !== current.task) refuse('task', task, current.task);
  if (inputs && inputs.kind !== current.inputs.kind) refuse('inputs.kind', inputs.kind, current.inputs.kind);
  if (outputs.labels && String(outputs.labels) !== String(current.outputs.labels))
    refuse('outputs.labels', outputs.labels.slice(0, 10), current.outputs.labels?.slice(0, 10));
}
