import { readdirSync } from 'node:fs';
import type { Report } from '../scenario.ts';
import { parseReplyJson, request } from '../server/request.ts';
import type { RequestedJob } from './jobs.ts';
import { hashWeights, listModelFolder } from './published-weights.ts';
import type { JobView } from './training-calls.ts';

/** Every acknowledged job succeeded and published one version with the weights that it has without kills. */
export async function checkPublished(options: {
  readonly port: number;
  readonly models: string;
  readonly asked: readonly RequestedJob[];
  readonly jobs: readonly JobView[];
  /** Hashes of the weights of each kind. */
  readonly expected: readonly string[];
  readonly report: Report;
}): Promise<void> {
  const { port, models, asked, jobs, expected, report } = options;
  for (const one of asked) {
    const made = jobs.filter(({ model }) => model === one.model);
    const files = listModelFolder(models, one.model);
    const views = made.map(({ id, status, published, error }) => ({ id, status, published, error }));
    const describe = `asked ${JSON.stringify(one)}, jobs ${JSON.stringify(views)}, models/${one.model}/ has [${files.join()}]`;
    if (one.id !== null && !made.some(({ id }) => id === one.id)) {
      report.fault('a job is lost', describe);
      continue;
    }
    if (made.length > 1) report.fault('a job is there twice', describe);
    // never acknowledged, and never made
    if (made.length === 0) {
      if (files.length > 0) report.fault('a model of no job', describe);
      continue;
    }
    const [job] = made as [JobView];
    const versions = files.filter((name) => /^\d+$/.test(name));
    if (job.status !== 'succeeded') report.fault(`a job is ${job.status}`, describe);
    else if (versions.length > 1) report.fault('published twice', describe);
    else if (versions.join() !== '1' || job.published !== `${one.model}@1`)
      report.fault('not published', describe);
    if (files.length > versions.length) report.fault('something beside the versions', describe);
    for (const version of versions)
      if (hashWeights(models, one.model, Number(version)) !== expected[one.kind])
        report.fault('other weights than without kills', `${describe}, version ${version}`);
    const view = await request(port, { path: `/v1/models/${one.model}` });
    if (view.status !== 200 || parseReplyJson(view)['ready'] !== true)
      report.fault('the model is not served', `${describe}: ${view.status} ${view.body.slice(0, 300)}`);
  }
  const known = new Set([...asked.map(({ model }) => model), 'names', 'births']);
  const strangers = readdirSync(models).filter((name) => !known.has(name));
  if (strangers.length > 0) report.fault('strange folders among the models', strangers.join());
}
