import { z } from 'zod';
import { fromGenerator } from '../../engine/event-source.ts';
import type { FollowedEvent } from '../../jobs/job-events.ts';
import { UnrollError } from '../../errors.ts';
import { defaultAlias } from '../../model-files.ts';
import { trainingSpec } from '../../training/training-spec.ts';
import { abortOnDisconnect } from '../abort-on-disconnect.ts';
import { callerOf, requireModel } from '../plugins/authenticate.ts';
import { toListPage } from '../list-page.ts';
import type { Route } from '../route.ts';
import { problems, taskResponses } from '../v1/schemas/reply.ts';
import {
  checkedJob,
  checkpointList,
  checkpointParameter,
  checkpointView,
  createQuery,
  eventList,
  eventQuery,
  jobList,
  jobParameter,
  jobView,
  page,
  publishBody,
  seriesQuery,
  seriesView,
  trainingEvents,
} from './schema.ts';
import type { ServerEvent } from '../server-event.ts';
import { sendStream } from '../v1/send-stream.ts';
import { jobExample } from './examples.ts';
import { viewCheckedJob, viewCheckpoint, viewEvent, viewFollowed, viewJob, viewSeries } from './view.ts';

const tags = ['training'];

export const trainingJobRoutes: Route = (scope, parts) => {
  const { jobs, events, requireAvailable } = parts.training;

  scope.post(
    '/v1/training/jobs',
    {
      config: { access: 'train' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'createTrainingJob',
        tags,
        summary: 'Trains a network; the best checkpoint is published as a model',
        querystring: createQuery,
        body: trainingSpec.meta({ examples: [jobExample] }),
        response: { 200: z.union([jobView, checkedJob]), ...problems },
      },
    },
    async (request) => {
      const { model, base } = request.body;
      requireModel(request, model);
      if (base !== undefined) requireModel(request, base);
      const caller = callerOf(request);
      return request.query.dry_run === 'true'
        ? viewCheckedJob(await jobs.check(request.body, caller))
        : viewJob(await jobs.create(request.body, caller), null);
    },
  );
  scope.get(
    '/v1/training/jobs',
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listTrainingJobs',
        tags,
        summary: 'Lists training jobs, newest first',
        querystring: page,
        response: { 200: jobList, ...problems },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      const found = await jobs.list({ limit: limit + 1, after }, callerOf(request));
      return toListPage(found, limit, (job) => viewJob(job, jobs.progress(job.id)));
    },
  );
  scope.get(
    '/v1/training/jobs/:job',
    {
      config: { access: 'train' },
      schema: {
        operationId: 'showTrainingJob',
        tags,
        summary: 'Shows a training job: status, progress and metrics',
        params: jobParameter,
        response: { 200: jobView, ...problems },
      },
    },
    async (request) => {
      const { job } = request.params;
      return viewJob(await jobs.get(job, callerOf(request)), jobs.progress(job));
    },
  );
  for (const [verb, summary] of [
    ['cancel', 'Cancels a job and retains its checkpoints'],
    ['pause', 'Pauses a job at its next step, so that a queued job can run'],
    ['resume', 'Resumes a paused job from its last state'],
  ] as const)
    scope.post(
      `/v1/training/jobs/:job/${verb}`,
      {
        config: { access: 'train' },
        onRequest: requireAvailable,
        schema: {
          operationId: `${verb}TrainingJob`,
          tags,
          summary,
          params: jobParameter,
          response: { 200: jobView, ...problems },
        },
      },
      async (request) => {
        const { job } = request.params;
        return viewJob(await jobs[verb](job, callerOf(request)), jobs.progress(job));
      },
    );

  scope.get(
    '/v1/training/jobs/:job/events',
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listTrainingEvents',
        tags,
        summary: 'Lists the events of a job, or streams them as server-sent events until the job has ended',
        description:
          'A stream begins after the event given by Last-Event-ID; where the job has ended and no event is left, the answer is 204, after which an EventSource does not come back. `progress` events are sent a few times a second, have no id and are not stored.',
        params: jobParameter,
        querystring: eventQuery,
        response: taskResponses(eventList, {
          summary: 'events, until the job has ended',
          events: trainingEvents,
        }),
      },
    },
    async (request, reply) => {
      const { job } = request.params;
      const { limit, after, stream } = request.query;
      await jobs.get(job, callerOf(request));
      if (stream === 'true' || request.headers.accept?.includes('text/event-stream') === true) {
        const given = Number(request.headers['last-event-id'] ?? after);
        const last = Number.isSafeInteger(given) ? given : 0;
        // an EventSource comes back after the end of a stream, until it gets this
        if (await events.isOver(job, last)) return reply.status(204).send(undefined);
        const signal = AbortSignal.any([abortOnDisconnect(reply), parts.stopping]);
        const followed = toTaskEvents(events.follow(job, last, signal), parts.stopping);
        return sendStream(parts, request, reply, fromGenerator(followed), {
          accepted: Promise.resolve(),
        });
      }
      const found = await events.list(job, { limit: limit + 1, after });
      return toListPage(found, limit, viewEvent);
    },
  );
  scope.get(
    '/v1/training/jobs/:job/checkpoints',
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listTrainingCheckpoints',
        tags,
        summary: 'Lists the checkpoints of a job, oldest first',
        params: jobParameter,
        response: { 200: checkpointList, ...problems },
      },
    },
    async (request) => ({
      object: 'list' as const,
      data: (await jobs.checkpoints(request.params.job, callerOf(request))).map(viewCheckpoint),
    }),
  );
  scope.get(
    '/v1/training/jobs/:job/series',
    {
      config: { access: 'train' },
      schema: {
        operationId: 'showTrainingSeries',
        tags,
        summary: 'A metric over the steps of a job, for a curve',
        params: jobParameter,
        querystring: seriesQuery,
        response: { 200: seriesView, ...problems },
      },
    },
    async (request) => {
      const { job } = request.params;
      const { metric, points } = request.query;
      return viewSeries(job, await jobs.series(job, metric, points, callerOf(request)));
    },
  );
  scope.post(
    '/v1/training/jobs/:job/checkpoints/:step/publish',
    {
      config: { access: 'train' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'publishTrainingCheckpoint',
        tags,
        summary: 'Publishes a checkpoint as the next version of its model',
        description:
          'Whatever the policy of its job. A checkpoint is published once: a repeated request returns the version that was created.',
        params: checkpointParameter,
        body: publishBody.meta({ examples: [{ alias: 'canary' }] }),
        response: { 200: checkpointView, ...problems },
      },
    },
    async (request) => {
      const { job, step } = request.params;
      const { alias = defaultAlias, force = false } = request.body ?? {};
      return viewCheckpoint(await jobs.publish(job, step, callerOf(request), { alias, force }));
    },
  );
};

async function* toTaskEvents(
  followed: AsyncGenerator<FollowedEvent>,
  stopping: AbortSignal,
): AsyncGenerator<ServerEvent> {
  for await (const event of followed) yield viewFollowed(event);
  if (stopping.aborted)
    throw new UnrollError('shutting_down', 'the server shuts down; the job continues when it starts again');
}
