import { classify, classifyStream } from '../../../tasks/classify.ts';
import type { Route } from '../../route.ts';
import { modelParameter, taskResponses } from '../schemas/reply.ts';
import { classifyBody, classifyReply } from '../schemas/classify.ts';
import { sendJson } from '../../send-json.ts';
import { callOf, streamTask } from '../task-call.ts';

export const classifyRoute: Route = (scope, parts) => {
  scope.post(
    '/v1/models/:model/classify',
    {
      schema: {
        operationId: 'classify',
        tags: ['tasks'],
        summary: 'The label of whole sequences',
        params: modelParameter,
        body: classifyBody,
        response: taskResponses(
          classifyReply,
          '`step` events with the label as it forms, then `done` with the reply',
        ),
      },
    },
    async (request, reply) => {
      const call = callOf(request.params.model, request.body, reply);
      return request.body.stream
        ? streamTask(parts, request, reply, classifyStream(parts.tasks, call, request.body))
        : sendJson(reply, await classify(parts.tasks, call, request.body));
    },
  );
};
