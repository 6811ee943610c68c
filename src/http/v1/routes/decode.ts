import { decode, decodeStream } from '../../../tasks/decode.ts';
import type { Route } from '../../route.ts';
import { decodeBody, decodeReply } from '../schemas/decode.ts';
import { modelParameter, taskResponses } from '../schemas/reply.ts';
import { sendJson } from '../../send-json.ts';
import { callOf, streamTask } from '../task-call.ts';

export const decodeRoute: Route = (scope, parts) => {
  scope.post(
    '/v1/models/:model/decode',
    {
      schema: {
        operationId: 'decode',
        tags: ['tasks'],
        summary: 'One sequence from another: greedy, drawn, or the best of a beam',
        params: modelParameter,
        body: decodeBody,
        response: taskResponses(
          decodeReply,
          '`token` events as soon as a token is certain, then `done` with the reply',
        ),
      },
    },
    async (request, reply) => {
      const call = callOf(request.params.model, request.body, reply);
      return request.body.stream
        ? streamTask(parts, request, reply, decodeStream(parts.tasks, call, request.body))
        : sendJson(reply, await decode(parts.tasks, call, request.body));
    },
  );
};
