import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { specFile } from '../model-files.ts';
import { modelSpec, type ModelSpec } from '../network/spec.ts';
import type { MeasuredModels } from '../training/run/measure-models.ts';
import type { PublishPolicy } from '../training/training-spec.ts';
import { findInterfaceDifferences } from './interface-differences.ts';
import type { Job, PublicationReport } from './job.ts';
import type { VersionMeasurements } from './measure-versions.ts';

export interface Candidate {
  readonly job: Pick<Job, 'spec' | 'data' | 'validation'>;
  /** The folder of the checkpoint. */
  readonly folder: string;
  readonly policy: PublishPolicy;
  readonly force: boolean;
}

export interface CurrentModel {
  /** `name@version` */
  readonly id: string;
  readonly folder: string;
}

/**
 * Decides whether a checkpoint is published, and so takes the traffic of its model.
 * @param current the version that has the traffic; null where the model has none
 */
export async function decidePublication(
  { job, folder, policy, force }: Candidate,
  current: CurrentModel | null,
  measurements: Pick<VersionMeasurements, 'measure'>,
  memoryMegabytes: number,
): Promise<PublicationReport> {
  const keep = (reason: string): PublicationReport => ({ published: false, reason });
  const publish = (reason: string): PublicationReport => ({ published: true, reason });
  if (policy === 'never') return keep('publish is never');
  if (!current) return publish('it is the first version of the model');
  if (!force) {
    const reason = await findDifference(current, folder);
    if (reason !== null) return keep(`${reason}; force publishes it all the same`);
  }
  if (policy === 'always') return publish('publish is always');
  const { spec, data, validation } = job;
  const request = { spec, data, validation, memoryMegabytes, next: folder, current: current.folder };
  const reply = await measurements.measure(request);
  return 'measured' in reply
    ? compareScores(reply.measured, current.id)
    : keep(`${current.id} cannot be compared with it: ${reply.reason}`);
}

/** The better score is published; of equal scores, that with the lower loss. */
export function compareScores(
  { next, current, lowerIsBetter, metric }: MeasuredModels,
  id: string,
): PublicationReport {
  const measured = {
    metric,
    score: toFinite(next.score),
    loss: toFinite(next.loss),
    current: id,
    current_score: toFinite(current.score),
    current_loss: toFinite(current.loss),
  };
  const text = `${metric} ${toText(next.score)}, of ${id} ${toText(current.score)}`;
  const report = (published: boolean, reason: string): PublicationReport => ({ published, reason, measured });
  if (next.score !== current.score) {
    const better =
      Number.isFinite(next.score) &&
      (!Number.isFinite(current.score) ||
        (lowerIsBetter ? next.score < current.score : next.score > current.score));
    return report(better, `it is ${better ? '' : 'not '}better: ${text}`);
  }
  const better = next.loss < current.loss;
  const losses = `validation_loss ${toText(next.loss)}, of ${id} ${toText(current.loss)}`;
  return report(better, `it is ${better ? '' : 'not '}better: ${text}; ${losses}`);
}

const toFinite = (value: number): number | null => (Number.isFinite(value) ? value : null);
const toText = (value: number): string => String(Number(value.toPrecision(6)));

/** Why callers of a version could not call a checkpoint as before; null where they can. */
async function findDifference(current: CurrentModel, folder: string): Promise<string | null> {
  const [before, next] = [await readSpec(current.folder), await readSpec(folder)];
  if (!before || !next)
    return `${current.id} has no model.json whose task, labels and inputs could be compared`;
  const differences = findInterfaceDifferences(before, next);
  return differences.length === 0
    ? null
    : `it is called otherwise than ${current.id}: ${differences.join('; ')}`;
}

/** @returns null for an imported file without a model.json, or with one that cannot be read */
export async function readSpec(folder: string): Promise<ModelSpec | null> {
  try {
    const parsed = modelSpec.safeParse(JSON.parse(await readFile(join(folder, specFile), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
