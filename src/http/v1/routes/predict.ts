import { predict, predictStream } from '../../../tasks/predict.ts';
import type { Route } from '../../route.ts';
import { modelParameter, taskResponses } from '../schemas/reply.ts';
import { predictBody, predictReply } from '../schemas/predict.ts';
import { sendJson } from '../../send-json.ts';
import { callOf, streamTask } from '../task-call.ts';

export const predictRoute: Route = (scope, parts) => {
  scope.post(
    '/v1/models/:model/predict',
    {
      schema: {
        operationId: 'predict',
        tags: ['tasks'],
        summary: 'Numbers from numbers',
        params: modelParameter,
        body: predictBody,
        response: taskResponses(
          predictReply,
          '`step` events each with its output, then `done` with the reply',
        ),
      },
    },
    async (request, reply) => {
      const call = callOf(request.params.model, request.body, reply);
      return request.body.stream
        ? streamTask(parts, request, reply, predictStream(parts.tasks, call, request.body))
        : sendJson(reply, await predict(parts.tasks, call, request.body));
    },
  );
};
