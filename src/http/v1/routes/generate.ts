import { generate, generateStream } from '../../../tasks/generate.ts';
import type { Route } from '../../route.ts';
import { modelParameter, taskResponses } from '../schemas/reply.ts';
import { generateBody, generateReply } from '../schemas/generate.ts';
import { sendJson } from '../../send-json.ts';
import { callOf, streamTask } from '../task-call.ts';

export const generateRoute: Route = (scope, parts) => {
  scope.post(
    '/v1/models/:model/generate',
    {
      schema: {
        operationId: 'generate',
        tags: ['tasks'],
        summary: 'Text, token by token',
        params: modelParameter,
        body: generateBody,
        response: taskResponses(
          generateReply,
          '`token` events, then `done` with the reply and its finish reason',
        ),
      },
    },
    async (request, reply) => {
      const call = callOf(request.params.model, request.body, reply);
      return request.body.stream
        ? streamTask(parts, request, reply, generateStream(parts.tasks, call, request.body))
        : sendJson(reply, await generate(parts.tasks, call, request.body));
    },
  );
};
