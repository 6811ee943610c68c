import { embed } from '../../../tasks/embed.ts';
import type { Route } from '../../route.ts';
import { embedBody, embedReply } from '../schemas/embed.ts';
import { modelParameter, taskResponses } from '../schemas/reply.ts';
import { sendJson } from '../../send-json.ts';
import { callOf } from '../task-call.ts';

export const embedRoute: Route = (scope, parts) => {
  scope.post(
    '/v1/models/:model/embed',
    {
      schema: {
        operationId: 'embed',
        tags: ['tasks'],
        summary: 'The last hidden state of whole sequences, from a model of any task',
        params: modelParameter,
        body: embedBody,
        response: taskResponses(embedReply, null),
      },
    },
    async (request, reply) =>
      sendJson(
        reply,
        await embed(parts.tasks, callOf(request.params.model, request.body, reply), request.body),
      ),
  );
};
