// Names in Redis. All begin with `unroll:`; the queues are BullMQ's.

const prefix = 'unroll:training';

export const keys = {
  /** Hash: `body` (the job as JSON), `entry` (its entry in the queue), and what `scripts.ts` keeps for its lease. */
  job: (id: string): string => `${prefix}:job:${id}`,
  /** Sorted sets of ids by the order of creation. */
  jobs: `${prefix}:jobs`,
  datasets: `${prefix}:datasets`,
  comparisons: `${prefix}:comparisons`,
  /** Set of ids. */
  unfinished: `${prefix}:unfinished`,
  /** Hash: name of a model → the unfinished job that trains it. */
  names: `${prefix}:names`,
  /** Sorted set: name of a model whose job is being created → when the reservation expires. */
  reserved: `${prefix}:reserved`,
  /** Hashes of bodies by id. */
  datasetBodies: `${prefix}:datasets:bodies`,
  comparisonBodies: `${prefix}:comparisons:bodies`,
  /** Sorted set: `<id>:<step>:<JSON>` by id. */
  events: (job: string): string => `${prefix}:events:${job}`,
  /** Counter of events, over all jobs. */
  lastEvent: `${prefix}:events:last`,
  /** Hash: step → JSON. */
  checkpoints: (job: string): string => `${prefix}:checkpoints:${job}`,
  /** Lock of the publication of versions of a model. */
  publishing: (model: string): string => `${prefix}:publishing:${model}`,
  /** Channel of `ChangeMessage`s. */
  changes: `${prefix}:changes`,
} as const;

export const queuePrefix = 'unroll:queue';
export const jobQueue = 'training';
export const comparisonQueue = 'comparisons';
/** BullMQ's lock of an entry, whose value is the token of the worker that has it. */
export const lockKey = (entry: string): string => `${queuePrefix}:${jobQueue}:${entry}:lock`;
/** BullMQ's record of an entry. */
export const entryKey = (entry: string): string => `${queuePrefix}:${jobQueue}:${entry}`;
