import { readdirSync } from 'node:fs';
import type { Report } from '../scenario.ts';
import { parseReplyJson, request } from '../server/request.ts';
import type { RequestedJob } from './jobs.ts';
import { hashWeights, listModelFolder } from './published-weights.ts';
import type { JobView } from './training-calls.ts';

/**
 * Checks that every acknowledged job succeeded and published one version, with the same weights as without
 * kills.
 */
export async function checkPublished(options: {
  readonly port: number;
  readonly models: string;
  readonly requested: readonly RequestedJob[];
  readonly jobs: readonly JobView[];
  /** Hashes of the weights of each kind. */
  readonly expected: readonly string[];
  readonly report: Report;
}): Promise<void> {
  const { port, models, requested, jobs, expected, report } = options;
  for (const one of requested) {
    const jobsOfModel = jobs.filter(({ model }) => model === one.model);
    const files = listModelFolder(models, one.model);
    const views = jobsOfModel.map(({ id, status, published, error }) => ({ id, status, published, error }));
    const describe = `requested ${JSON.stringify(one)}, jobs ${JSON.stringify(views)}, models/${one.model}/ has [${files.join()}]`;
    if (one.id !== null && !jobsOfModel.some(({ id }) => id === one.id)) {
      report.fault('a job is lost', describe);
      continue;
    }
    if (jobsOfModel.length > 1) report.fault('a duplicate job', describe);
    // not acknowledged and not created
    if (jobsOfModel.length === 0) {
      if (files.length > 0) report.fault('a model without a job', describe);
      continue;
    }
    const [job] = jobsOfModel as [JobView];
    const versions = files.filter((name) => /^\d+$/.test(name));
    if (job.status !== 'succeeded') report.fault(`a job is ${job.status}`, describe);
    else if (versions.length > 1) report.fault('published twice', describe);
    else if (versions.join() !== '1' || job.published !== `${one.model}@1`)
      report.fault('not published', describe);
    if (files.length > versions.length) report.fault('unexpected files beside the versions', describe);
    for (const version of versions)
      if (hashWeights(models, one.model, Number(version)) !== expected[one.kind])
        report.fault('weights differ from those without kills', `${describe}, version ${version}`);
    const view = await request(port, { path: `/v1/models/${one.model}` });
    if (view.status !== 200 || parseReplyJson(view)['ready'] !== true)
      report.fault('the model is not served', `${describe}: ${view.status} ${view.body.slice(0, 300)}`);
  }
  const known = new Set([...requested.map(({ model }) => model), 'names', 'births']);
  const unexpected = readdirSync(models).filter((name) => !known.has(name));
  if (unexpected.length > 0) report.fault('unexpected folders among the models', unexpected.join());
}
