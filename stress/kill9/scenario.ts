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
const unfinishedAtOnce = 4;
/** Without any job getting over. */
const stuckMs = 180_000;

export const kill9: Scenario = {
  name: 'kill9',
  about:
    'kill -9 at random moments of starting, training, publishing and loading: nothing lost, nothing published twice',
  share: 30,
  async run({ seed, seconds, rounds }, report) {
    const end = performance.now() + seconds * 1000;
    const expected = await trainWithoutKills();
    const folders = createServerFolders(served);
    const asked: RequestedJob[] = [];
    const over = new Set<RequestedJob>();
    for (let round = 0; round === 0 || (round < rounds && performance.now() < end); round++) {
      const random = createRandom(seed, round);
      const moment = drawKillMoment(random);
      const describe = `round ${round} ${JSON.stringify(moment)}`;
      const server = startServer({ ...folders, settings });
      if (moment.during !== 'start' && (await listens(server, describe, report))) {
        await markOver(server, asked, over, report);
        while (asked.length - over.size < unfinishedAtOnce) {
          const job = nextJob(random, round, asked.length);
          asked.push(job);
          await createJob(server.port, job);
          if (job.id === null) over.add(job);
        }
      }
      const pending = asked.filter((job) => !over.has(job)).map(({ model }) => model);
      await waitForKillMoment(moment, server, { models: folders.models, pending, served });
      server.kill('SIGKILL');
      const exit = await server.ended;
      if (exit.signal !== 'SIGKILL')
        report.fault(
          'the server ended by itself',
          `${describe}: ${exit.code} ${server.output().slice(-1500)}`,
        );
      for (const line of findLogFaults(server.output())) report.fault('log', `${describe}: ${line}`);
      report.count(`killed during ${moment.during}`);
    }
    await finish(folders, asked, expected, report);
    folders.remove();
  },
};

async function listens(server: ServerProcess, describe: string, report: Report): Promise<boolean> {
  try {
    await server.listening;
    return true;
  } catch (error) {
    report.fault('it does not start', `${describe}: ${(error as Error).message}`);
    return false;
  }
}

/** Looks at every job that was acknowledged and was not over when last seen. */
async function markOver(
  { port }: ServerProcess,
  asked: readonly RequestedJob[],
  over: Set<RequestedJob>,
  report: Report,
): Promise<void> {
  for (const job of asked) {
    if (over.has(job) || job.id === null) continue;
    const view = await getJob(port, job.id).catch((error: Error) => {
      report.fault('a job is lost', `${JSON.stringify(job)}: ${error.message}`);
      over.add(job);
      return null;
    });
    if (view && isFinished(view)) over.add(job);
  }
}

/** Trains each kind once on a server that is not killed. @returns the hash of each kind's weights */
async function trainWithoutKills(): Promise<readonly string[]> {
  const folders = createServerFolders(served);
  const server = startServer({ ...folders, settings });
  await server.listening;
  for (const kind of kinds)
    await createJob(server.port, { model: `made-${kind}`, kind, round: -1, id: null });
  const jobs = await waitUntilOver(server);
  const wrong = jobs.find(({ status }) => status !== 'succeeded');
  if (wrong)
    throw new Error(`a job without kills: ${JSON.stringify(wrong)}, ${JSON.stringify(jobSpec(0, 'x'))}`);
  const hashes = kinds.map((kind) => hashWeights(folders.models, `made-${kind}`, 1));
  server.kill('SIGTERM');
  await server.ended;
  folders.remove();
  return hashes;
}

async function waitUntilOver(server: ServerProcess): Promise<JobView[]> {
  let seen = -1;
  let until = 0;
  for (;;) {
    const jobs = await listJobs(server.port);
    const over = jobs.filter(isFinished).length;
    if (over === jobs.length) return jobs;
    if (over !== seen) [seen, until] = [over, performance.now() + stuckMs];
    if (performance.now() > until)
      throw new Error(`jobs do not get on: ${JSON.stringify(jobs.filter((job) => !isFinished(job)))}`);
    await delay(50);
  }
}

/** A last server that is not killed lets every job end; then everything must be there, once. */
async function finish(
  folders: { readonly models: string; readonly data: string },
  asked: readonly RequestedJob[],
  expected: readonly string[],
  report: Report,
): Promise<void> {
  const server = startServer({ ...folders, settings });
  if (!(await listens(server, 'the last start', report))) return;
  const jobs = await waitUntilOver(server);
  report.count('jobs', jobs.length);
  await checkPublished({ port: server.port, models: folders.models, asked, jobs, expected, report });
  for (const name of served) {
    const spec = readFileSync(join(folders.models, name, '1', 'model.json'), 'utf8');
    if (!spec.startsWith('{')) report.fault('a shipped model is damaged', name);
  }
  for (const line of findLogFaults(server.output())) report.fault('log', `the last start: ${line}`);
  server.kill('SIGTERM');
  const { code } = await server.ended;
  if (code !== 0) report.fault('exit', `${code} after SIGTERM`);
}
