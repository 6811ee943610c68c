import { isAbsolute, join, relative } from 'node:path';
import type { DataFile } from '../../training/run/run-messages.ts';
import { isFinished, type Job, type JobCheckpoint, type JobEvent } from '../job.ts';
import { parseEventRow, parseJobRow, parseJsonObject } from '../store/stored-rows.ts';
import { toMessage } from './changes.ts';
import { keys } from './keys.ts';

// Jobs as they are kept in Redis, and the writes that keep them. Paths of data files are relative to UNROLL_DATA, which
// each machine may mount elsewhere.

/** The arguments of a Redis command, or a write of `scripts.ts`. */
export type Write = readonly string[];

export interface JobRows {
  encode(job: Job): string;
  /** @returns null for what is not a job */
  decode(body: string | null | undefined): Job | null;
  /** Saves a job with its indices. */
  saveJob(job: Job): Write[];
}

/** @param folder UNROLL_DATA */
export function createJobRows(folder: string): JobRows {
  const mapFile = (file: DataFile | null, map: (path: string) => string): DataFile | null =>
    file && { ...file, path: map(file.path) };
  const toRelative = (path: string): string => relative(folder, path);
  const toPath = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
  const encode = (job: Job): string =>
    JSON.stringify({
      ...job,
      data: mapFile(job.data, toRelative),
      validation: mapFile(job.validation, toRelative),
    });
  return {
    encode,
    decode(body) {
      const job = parseJobRow(parseJsonObject(body));
      return job && { ...job, data: mapFile(job.data, toPath)!, validation: mapFile(job.validation, toPath) };
    },
    saveJob(job) {
      const { id, status, spec } = job;
      return [
        ['HSET', keys.job(id), 'body', encode(job)],
        ['INDEX', keys.jobs, id],
        ...clearRequest(job),
        ...(isFinished(status)
          ? [
              ['SREM', keys.unfinished, id],
              ['HDEL', keys.names, spec.model],
            ]
          : [
              ['SADD', keys.unfinished, id],
              ['HSET', keys.names, spec.model, id],
            ]),
        ['PUBLISH', keys.changes, toMessage({ kind: 'status', job: id, status })],
      ];
    },
  };
}

/** What was asked of the job's owner is kept until a status that carries it out is saved with its removal. */
function clearRequest({ id, status }: Job): Write[] {
  if (status === 'queued') return [['CLEAR_REQUEST', keys.job(id), 'resume']];
  if (status === 'paused') return [['CLEAR_REQUEST', keys.job(id), 'pause']];
  return status === 'cancelling' || isFinished(status) ? [['HDEL', keys.job(id), 'request']] : [];
}

export const addEventWrites = (event: Omit<JobEvent, 'id'>): Write[] => [
  ['EVENT', keys.lastEvent, keys.events(event.job), String(event.step), JSON.stringify(event)],
  ['PUBLISH', keys.changes, toMessage({ kind: 'event', job: event.job })],
];

export const saveCheckpointWrites = (row: JobCheckpoint): Write[] => [
  ['HSET', keys.checkpoints(row.job), String(row.step), JSON.stringify(row)],
];

/** Reads a member of a job's events. */
export function parseEventMember(member: string): JobEvent | null {
  const [, id, json] = /^(\d+):\d+:(.*)$/s.exec(member) ?? [];
  const event = parseEventRow(parseJsonObject(json));
  return event && { ...event, id: Number(id) };
}
