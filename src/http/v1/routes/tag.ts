import { tag, tagStream } from '../../../tasks/tag.ts';
import type { Route } from '../../route.ts';
import { modelParameter, taskResponses } from '../schemas/reply.ts';
import { tagBody, tagReply } from '../schemas/tag.ts';
import { sendJson } from '../../send-json.ts';
import { callOf, streamTask } from '../task-call.ts';

export const tagRoute: Route = (scope, parts) => {
  scope.post(
    '/v1/models/:model/tag',
    {
      schema: {
        operationId: 'tag',
        tags: ['tasks'],
        summary: 'A label for every token',
        params: modelParameter,
        body: tagBody,
        response: taskResponses(tagReply, '`token` events each with its label, then `done` with the reply'),
      },
    },
    async (request, reply) => {
      const call = callOf(request.params.model, request.body, reply);
      return request.body.stream
        ? streamTask(parts, request, reply, tagStream(parts.tasks, call, request.body))
        : sendJson(reply, await tag(parts.tasks, call, request.body));
    },
  );
};
