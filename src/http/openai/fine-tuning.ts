import { UnrollError } from '../../errors.ts';
import type { Caller } from '../../access/caller.ts';
import { callerOf, requireModel } from '../plugins/authenticate.ts';
import { toListPage } from '../list-page.ts';
import type { Route } from '../route.ts';
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
    caller: Caller,
  ): Promise<void> {
    if (id !== undefined && !(await datasets.list(caller)).some((one) => one.id === id))
      throw new UnrollError('dataset_not_found', `${field}: there is no file ${id}`, { field });
  }

  scope.post(
    jobsPath,
    {
      config: { access: 'train' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'createFineTuningJob',
        tags,
        summary:
          'Trains a model further as a training job; the best checkpoint is published under a new name',
        body: fineTuningBody,
        response: { 200: fineTuningJob, ...errors },
      },
    },
    async (request) => {
      const { body } = request;
      const caller = callerOf(request);
      requireModel(request, body.model);
      const spec = toTrainingSpec(body, repository);
      requireModel(request, spec.model);
      await requireFile('training_file', body.training_file, caller);
      await requireFile('validation_file', body.validation_file, caller);
      return viewFineTuningJob(await jobs.create(spec, caller), null);
    },
  );
  scope.get(
    jobsPath,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listFineTuningJobs',
        tags,
        summary: 'Lists training jobs, newest first',
        querystring: fineTuningQuery,
        response: { 200: fineTuningJobList, ...errors },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      const found = await jobs.list({ limit: limit + 1, after }, callerOf(request));
      return toListPage(found, limit, (job) => viewFineTuningJob(job, jobs.progress(job.id)));
    },
  );
  scope.get(
    `${jobsPath}/:job`,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'showFineTuningJob',
        tags,
        summary: 'Shows a training job',
        params: fineTuningParameter,
        response: { 200: fineTuningJob, ...errors },
      },
    },
    async (request) => {
      const { job } = request.params;
      return viewFineTuningJob(await jobs.get(job, callerOf(request)), jobs.progress(job));
    },
  );
  for (const verb of ['cancel', 'pause', 'resume'] as const)
    scope.post(
      `${jobsPath}/:job/${verb}`,
      {
        config: { access: 'train' },
        onRequest: requireAvailable,
        schema: {
          operationId: `${verb}FineTuningJob`,
          tags,
          summary: `As ${verb} of a training job`,
          params: fineTuningParameter,
          response: { 200: fineTuningJob, ...errors },
        },
      },
      async (request) => {
        const { job } = request.params;
        return viewFineTuningJob(await jobs[verb](job, callerOf(request)), jobs.progress(job));
      },
    );
  scope.get(
    `${jobsPath}/:job/events`,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listFineTuningEvents',
        tags,
        summary: 'Lists the events of a training job, oldest first',
        params: fineTuningParameter,
        querystring: eventQuery,
        response: { 200: fineTuningEventList, ...errors },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      const { id } = await jobs.get(request.params.job, callerOf(request));
      const found = await events.list(id, { limit: limit + 1, after });
      return toListPage(found, limit, viewFineTuningEvent);
    },
  );
  scope.get(
    `${jobsPath}/:job/checkpoints`,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listFineTuningCheckpoints',
        tags,
        summary: 'Lists the checkpoints of a training job, newest first',
        params: fineTuningParameter,
        querystring: fineTuningQuery,
        response: { 200: fineTuningCheckpointList, ...errors },
      },
    },
    async (request) => {
      const checkpoints = await jobs.checkpoints(request.params.job, callerOf(request));
      return toPage(checkpoints.toReversed().map(viewFineTuningCheckpoint), request.query);
    },
  );
};
