import type { Redis } from 'ioredis';
import { compareTrials } from '../comparisons/compare-trials.ts';
import type { Comparison, Job } from '../job.ts';
import { nextJobStatus } from '../job-transitions.ts';
import type { JobStore } from '../store/store.ts';
import {
  parseCheckpointRow,
  parseComparisonRow,
  parseDatasetRow,
  parseJsonObject,
} from '../store/stored-rows.ts';
import type { RedisCalls, Run } from './calls.ts';
import { keys } from './keys.ts';
import { addEventWrites, parseEventMember, saveCheckpointWrites, type JobRows, type Write } from './rows.ts';
import { writeScript } from './scripts.ts';

/** Events read for each trial of a comparison. */
const maxEventsPerTrial = 100_000;
/** Jobs read at a time while those of one owner are looked for. */
const chunkSize = 100;

/** Makes writes to a job, all or none. @param run executes commands, with or without repeating them */
export type WriteJob = (job: string, writes: readonly Write[], run: Run) => Promise<void>;

const withoutNulls = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);

/** Makes writes whatever lease there is. */
export const writeUnguarded: WriteJob = async (_job, writes, run) => {
  await run((redis) => redis.eval(writeScript, 0, JSON.stringify(writes)));
};

/** A store of jobs in Redis. Several processes may use one; a job's own writes go through `writeJob`. */
export function createRedisStore(calls: RedisCalls, rows: JobRows, writeJob: WriteJob): JobStore {
  const createCalls = (run: Run): Omit<JobStore, 'withoutTimeout'> => {
    const write = (...writes: Write[]) => writeUnguarded('', writes, run);
    const readJobs = (ids: readonly string[]): Promise<Job[]> =>
      run(async (redis) => withoutNulls(await Promise.all(ids.map((id) => readJob(redis, rows, id)))));
    const listEvents = async (job: string, limit: number, after: number) => {
      const members = await run((redis) =>
        redis.zrangebyscore(keys.events(job), `(${after}`, '+inf', 'LIMIT', 0, limit),
      );
      return withoutNulls(members.map(parseEventMember));
    };
    const readBodies = async (index: string, bodies: string): Promise<(string | null)[]> => {
      const ids = await run((redis) => redis.zrevrange(index, 0, -1));
      return ids.length === 0 ? [] : run((redis) => redis.hmget(bodies, ...ids));
    };
    const parseComparison = (body: string | null): Comparison | null =>
      parseComparisonRow(parseJsonObject(body), () => 'failed');
    const saveBody = (index: string, bodies: string, row: { readonly id: string }): Promise<void> =>
      write(['HSET', bodies, row.id, JSON.stringify(row)], ['INDEX', index, row.id]);

    return {
      saveJob: (job) => writeJob(job.id, rows.saveJob(job), run),
      job: (id) => run((redis) => readJob(redis, rows, id)),
      async jobs({ limit, after, owner }) {
        const rank = after === undefined ? null : await run((redis) => redis.zrevrank(keys.jobs, after));
        const found: Job[] = [];
        for (let start = rank === null ? 0 : rank + 1; found.length < limit; start += chunkSize) {
          const ids = await run((redis) => redis.zrevrange(keys.jobs, start, start + chunkSize - 1));
          const jobs = await readJobs(ids);
          found.push(...jobs.filter((job) => owner === undefined || (job.owner ?? null) === owner));
          if (ids.length < chunkSize) break;
        }
        return found.slice(0, limit);
      },
      async unfinishedJobs() {
        const jobs = await readJobs(await run((redis) => redis.smembers(keys.unfinished)));
        return jobs.toSorted((a, b) => a.createdAt - b.createdAt);
      },
      removeJob: (id) =>
        write(['ZREM', keys.jobs, id], ['DEL', keys.job(id), keys.events(id), keys.checkpoints(id)]),

      addEvent: (event) => writeJob(event.job, addEventWrites(event), run),
      events: (job, { limit, after }) => listEvents(job, limit, after),

      saveCheckpoint: (row) => writeJob(row.job, saveCheckpointWrites(row), run),
      async checkpoints(job) {
        const bodies = await run((redis) => redis.hvals(keys.checkpoints(job)));
        const checkpoints = bodies.map((body) => parseCheckpointRow(parseJsonObject(body)));
        return withoutNulls(checkpoints).toSorted((a, b) => a.step - b.step);
      },
      async removeCheckpoints(job, steps) {
        if (steps.length > 0)
          await writeJob(job, [['HDEL', keys.checkpoints(job), ...steps.map(String)]], run);
      },
      removeAfterStep: (job, step) =>
        writeJob(
          job,
          [
            ['REMOVE_LATER_EVENTS', keys.events(job), String(step)],
            ['REMOVE_LATER_FIELDS', keys.checkpoints(job), String(step)],
          ],
          run,
        ),

      saveDataset: (row) => saveBody(keys.datasets, keys.datasetBodies, row),
      dataset: async (id) =>
        parseDatasetRow(parseJsonObject(await run((redis) => redis.hget(keys.datasetBodies, id)))),
      async datasets() {
        const bodies = await readBodies(keys.datasets, keys.datasetBodies);
        return withoutNulls(bodies.map((body) => parseDatasetRow(parseJsonObject(body))));
      },
      removeDataset: (id) => write(['ZREM', keys.datasets, id], ['HDEL', keys.datasetBodies, id]),

      saveComparison: (row) => saveBody(keys.comparisons, keys.comparisonBodies, row),
      comparison: async (id) => parseComparison(await run((redis) => redis.hget(keys.comparisonBodies, id))),
      async comparisons() {
        return withoutNulls((await readBodies(keys.comparisons, keys.comparisonBodies)).map(parseComparison));
      },
      async compare(row) {
        const reports = row.trials.map(async ({ job }) => ({
          job: await run((redis) => readJob(redis, rows, job)),
          events: await listEvents(job, maxEventsPerTrial, 0),
        }));
        return compareTrials(row, await Promise.all(reports));
      },
    };
  };
  return { ...createCalls(calls.call), withoutTimeout: createCalls(calls.repeat) };
}

/** Reads a job, which is shown as cancelled as soon as its owner is asked to cancel it. */
async function readJob(redis: Redis, rows: JobRows, id: string): Promise<Job | null> {
  const [body, request] = await redis.hmget(keys.job(id), 'body', 'request');
  const job = rows.decode(body);
  if (!job || request !== 'cancel') return job;
  return { ...job, status: nextJobStatus(job.status, 'request_cancel') ?? job.status };
}
