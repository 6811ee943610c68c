import { UnrollError } from '../../errors.ts';
import type { Route } from '../route.ts';
import { dropNulls } from './drop-nulls.ts';
import {
  toTrainingSpec,
  viewFineTuningCheckpoint,
  viewFineTuningEvent,
  viewFineTuningJob,
} from './fine-tuning-job.ts';
import { toPage } from './page.ts';
import { errors } from './schemas/common-fields.ts';
import {
  eventQuery,
  fineTuningBody,
  fineTuningCheckpointList,
  fineTuningEventList,
  fineTuningJob,
  fineTuningJobList,
  fineTuningParameter,
  fineTuningQuery,
} from './schemas/fine-tuning.ts';

const tags = ['openai'];
const jobsPath = '/v1/fine_tuning/jobs';

export const fineTuningRoutes: Route = (scope, { tasks: { repository }, training }) => {
  const { jobs, events, datasets, requireAvailable } = training;

  /** @throws UnrollError dataset_not_found with the field that named it */
  async function requireFile(
    field: 'training_file' | 'validation_file',
    id: string | undefined,
  ): Promise<void> {
    if (id !== undefined && !(await datasets.list()).some((one) => one.id === id))
      throw new UnrollError('dataset_not_found', `${field}: there is no file ${id}`, { field });
  }

  scope.post(
    jobsPath,
    {
      onRequest: requireAvailable,
      preValidation: dropNulls,
      schema: {
        operationId: 'createFineTuningJob',
        tags,
        summary:
          'Trains a model further as a training job; the best checkpoint is published under a new name',
        body: fineTuningBody,
        response: { 200: fineTuningJob, ...errors },
      },
    },
    async ({ body }) => {
      const spec = toTrainingSpec(body, repository);
      await requireFile('training_file', body.training_file);
      await requireFile('validation_file', body.validation_file);
      return viewFineTuningJob(await jobs.create(spec), null);
    },
  );
  scope.get(
    jobsPath,
    {
      schema: {
        operationId: 'listFineTuningJobs',
        tags,
        summary: 'Lists training jobs, newest first',
        querystring: fineTuningQuery,
        response: { 200: fineTuningJobList, ...errors },
      },
    },
    async ({ query: { limit, after } }) => {
      const found = await jobs.list({ limit: limit + 1, after });
      const data = found.slice(0, limit).map((job) => viewFineTuningJob(job, jobs.progress(job.id)));
      return { object: 'list' as const, data, has_more: found.length > limit };
    },
  );
  scope.get(
    `${jobsPath}/:job`,
    {
      schema: {
        operationId: 'showFineTuningJob',
        tags,
        summary: 'Shows a training job',
        params: fineTuningParameter,
        response: { 200: fineTuningJob, ...errors },
      },
    },
    async ({ params: { job } }) => viewFineTuningJob(await jobs.get(job), jobs.progress(job)),
  );
  for (const verb of ['cancel', 'pause', 'resume'] as const)
    scope.post(
      `${jobsPath}/:job/${verb}`,
      {
        onRequest: requireAvailable,
        schema: {
          operationId: `${verb}FineTuningJob`,
          tags,
          summary: `As ${verb} of a training job`,
          params: fineTuningParameter,
          response: { 200: fineTuningJob, ...errors },
        },
      },
      async ({ params: { job } }) => viewFineTuningJob(await jobs[verb](job), jobs.progress(job)),
    );
  scope.get(
    `${jobsPath}/:job/events`,
    {
      schema: {
        operationId: 'listFineTuningEvents',
        tags,
        summary: 'Lists the events of a training job, oldest first',
        params: fineTuningParameter,
        querystring: eventQuery,
        response: { 200: fineTuningEventList, ...errors },
      },
    },
    async ({ params, query: { limit, after } }) => {
      const { id } = await jobs.get(params.job);
      const found = await events.list(id, { limit: limit + 1, after });
      const data = found.slice(0, limit).map(viewFineTuningEvent);
      return { object: 'list' as const, data, has_more: found.length > limit };
    },
  );
  scope.get(
    `${jobsPath}/:job/checkpoints`,
    {
      schema: {
        operationId: 'listFineTuningCheckpoints',
        tags,
        summary: 'Lists the checkpoints of a training job, newest first',
        params: fineTuningParameter,
        querystring: fineTuningQuery,
        response: { 200: fineTuningCheckpointList, ...errors },
      },
    },
    async ({ params, query }) =>
      toPage((await jobs.checkpoints(params.job)).toReversed().map(viewFineTuningCheckpoint), query),
  );
};
