import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../random.ts';
import type { Report, Scenario } from '../scenario.ts';
import { findLogFaults } from '../server/log-faults.ts';
import { createServerFolders, startServer, type ServerProcess } from '../server/server-process.ts';
import { checkPublished } from './check-published.ts';
import { jobSpec, kinds, nextJob, type RequestedJob } from './jobs.ts';
import { drawKillMoment, waitForKillMoment } from './kill-moment.ts';
import { hashWeights } from './published-weights.ts';
import { createJob, getJob, isFinished, listJobs, type JobView } from './training-calls.ts';

const served = ['names', 'births'];
const settings = { WORKERS: 1, TRAINING_JOBS: 2 };
const maxUnfinished = 4;
/** Time limit without any job finishing. */
const stuckMs = 180_000;

export const kill9: Scenario = {
  name: 'kill9',
  about:
    'kill -9 at random moments of starting, training, publishing and loading: no job lost, none published twice',
  share: 30,
  async run({ seed, seconds, rounds }, report) {
    const end = performance.now() + seconds * 1000;
    const expected = await trainWithoutKills();
    const folders = createServerFolders(served);
    const requested: RequestedJob[] = [];
    const finished = new Set<RequestedJob>();
    for (let round = 0; round === 0 || (round < rounds && performance.now() < end); round++) {
      const random = createRandom(seed, round);
      const moment = drawKillMoment(random);
      const describe = `round ${round} ${JSON.stringify(moment)}`;
      const server = startServer({ ...folders, settings });
      if (moment.during !== 'start' && (await waitUntilListening(server, describe, report))) {
        await updateFinished(server, requested, finished, report);
        while (requested.length - finished.size < maxUnfinished) {
          const job = nextJob(random, round, requested.length);
          requested.push(job);
          await createJob(server.port, job);
          if (job.id === null) finished.add(job);
        }
      }
      const pending = requested.filter((job) => !finished.has(job)).map(({ model }) => model);
      await waitForKillMoment(moment, server, { models: folders.models, pending, served });
      server.kill('SIGKILL');
      const exit = await server.ended;
      if (exit.signal !== 'SIGKILL')
        report.fault(
          'the server exited by itself',
          `${describe}: ${exit.code} ${server.output().slice(-1500)}`,
        );
      for (const line of findLogFaults(server.output())) report.fault('log', `${describe}: ${line}`);
      report.count(`killed during ${moment.during}`);
    }
    await finish(folders, requested, expected, report);
    folders.remove();
  },
};

async function waitUntilListening(server: ServerProcess, describe: string, report: Report): Promise<boolean> {
  try {
    await server.listening;
    return true;
  } catch (error) {
    report.fault('the server does not start', `${describe}: ${(error as Error).message}`);
    return false;
  }
}

/** Updates `finished` from the status of every acknowledged unfinished job. */
async function updateFinished(
  { port }: ServerProcess,
  requested: readonly RequestedJob[],
  finished: Set<RequestedJob>,
  report: Report,
): Promise<void> {
  for (const job of requested) {
    if (finished.has(job) || job.id === null) continue;
    const view = await getJob(port, job.id).catch((error: Error) => {
      report.fault('a job is lost', `${JSON.stringify(job)}: ${error.message}`);
      finished.add(job);
      return null;
    });
    if (view && isFinished(view)) finished.add(job);
  }
}

/** Trains each kind once on a server that is not killed. @returns the hash of each kind's weights */
async function trainWithoutKills(): Promise<readonly string[]> {
  const folders = createServerFolders(served);
  const server = startServer({ ...folders, settings });
  await server.listening;
  for (const kind of kinds)
    await createJob(server.port, { model: `made-${kind}`, kind, round: -1, id: null });
  const jobs = await waitUntilFinished(server);
  const failed = jobs.find(({ status }) => status !== 'succeeded');
  if (failed)
    throw new Error(`a job without kills: ${JSON.stringify(failed)}, ${JSON.stringify(jobSpec(0, 'x'))}`);
  const hashes = kinds.map((kind) => hashWeights(folders.models, `made-${kind}`, 1));
  server.kill('SIGTERM');
  await server.ended;
  folders.remove();
  return hashes;
}

async function waitUntilFinished(server: ServerProcess): Promise<JobView[]> {
  let seen = -1;
  let deadline = 0;
  for (;;) {
    const jobs = await listJobs(server.port);
    const finished = jobs.filter(isFinished).length;
    if (finished === jobs.length) return jobs;
    if (finished !== seen) [seen, deadline] = [finished, performance.now() + stuckMs];
    if (performance.now() > deadline)
      throw new Error(`jobs make no progress: ${JSON.stringify(jobs.filter((job) => !isFinished(job)))}`);
    await delay(50);
  }
}

/** Runs a last server until every job has finished, then checks the published models. */
async function finish(
  folders: { readonly models: string; readonly data: string },
  requested: readonly RequestedJob[],
  expected: readonly string[],
  report: Report,
): Promise<void> {
  const server = startServer({ ...folders, settings });
  if (!(await waitUntilListening(server, 'the last start', report))) return;
  const jobs = await waitUntilFinished(server);
  report.count('jobs', jobs.length);
  await checkPublished({ port: server.port, models: folders.models, requested, jobs, expected, report });
  for (const name of served) {
    const spec = readFileSync(join(folders.models, name, '1', 'model.json'), 'utf8');
    if (!spec.startsWith('{')) report.fault('a shipped model is damaged', name);
  }
  for (const line of findLogFaults(server.output())) report.fault('log', `the last start: ${line}`);
  server.kill('SIGTERM');
  const { code } = await server.ended;
  if (code !== 0) report.fault('exit', `${code} after SIGTERM`);
}
