import { callerOf } from '../plugins/authenticate.ts';
import type { Route } from '../route.ts';
import { deleted } from '../v1/schemas/models.ts';
import { problems } from '../v1/schemas/reply.ts';
import { checkpointParameter, jobParameter } from './schema.ts';

const tags = ['training'];

/** The routes that delete jobs and checkpoints. */
export const deleteJobRoutes: Route = (scope, { training: { jobs, requireAvailable } }) => {
  scope.delete(
    '/v1/training/jobs/:job',
    {
      config: { access: 'admin' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'deleteTrainingJob',
        tags,
        summary:
          'Deletes a job that has ended, with its events and checkpoints; models that it published stay',
        params: jobParameter,
        response: { 200: deleted, ...problems },
      },
    },
    async (request) => {
      const { id } = await jobs.remove(request.params.job, callerOf(request));
      return { id, deleted: true as const };
    },
  );
  scope.delete(
    '/v1/training/jobs/:job/checkpoints/:step',
    {
      config: { access: 'admin' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'deleteTrainingCheckpoint',
        tags,
        summary: 'Deletes a checkpoint of a job that has ended; a version that was published of it stays',
        params: checkpointParameter,
        response: { 200: deleted, ...problems },
      },
    },
    async (request) => {
      const { job, step } = request.params;
      await jobs.removeCheckpoint(job, step, callerOf(request));
      return { id: `${job}:${step}`, deleted: true as const };
    },
  );
};
