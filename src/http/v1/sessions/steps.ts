import { abortOnDisconnect } from '../../abort-on-disconnect.ts';
import { callerOf } from '../../plugins/authenticate.ts';
import { recordModel, recordSequence } from '../../plugins/request-log.ts';
import type { Route } from '../../route.ts';
import { sendJson } from '../../send-json.ts';
import type { SessionCall } from '../../../sessions/session-call.ts';
import { taskResponses } from '../schemas/reply.ts';
import { createAcceptance, sendStream } from '../send-stream.ts';
import { prefixKey } from '../prefix-key.ts';
import { sessionParameter } from './schemas.ts';
import { requirePosition } from './require-position.ts';
import { findStepTask } from './step-tasks.ts';
import { stepsBody, stepsReply } from './steps-body.ts';
import { stepsEvents } from './steps-events.ts';
import { viewPosition } from './view.ts';

const operationId = 'runSessionSteps';

export const sessionStepsRoute: Route = (scope, parts) => {
  const { sessions, tasks } = parts;
  scope.post(
    '/v1/sessions/:session/steps',
    {
      config: { access: 'infer' },
      schema: {
        operationId,
        tags: ['sessions'],
        summary: "Goes on with a session: any number of steps, answered as the model's task",
        params: sessionParameter,
        body: stepsBody,
        response: taskResponses(stepsReply, {
          summary: "the events of the model's task, then `done` with the reply",
          events: stepsEvents,
        }),
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      const caller = callerOf(request);
      const signal = abortOnDisconnect(reply);
      const call: SessionCall = {
        signal,
        timeoutMs: body.timeout_ms,
        onSequenceEnd: recordSequence(request),
      };
      if (body.stream) {
        const { accepted, onSubmitted } = createAcceptance();
        const events = sessions.stream(
          params.session,
          caller,
          { ...call, onSubmitted },
          (continued) => {
            recordModel(request, continued.model, operationId);
            requirePosition(continued, body);
            const prefix = prefixKey(request, continued.model, body);
            return findStepTask(continued.model, body).stream!(tasks, { ...continued, prefix }, body);
          },
          (event, _, session) =>
            event.event === 'done' && session
              ? { ...event, data: { ...(event.data as object), session: viewPosition(session) } }
              : event,
        );
        return sendStream(parts, request, reply, events, { accepted });
      }
      const { result, session } = await sessions.run(params.session, caller, call, (continued) => {
        recordModel(request, continued.model, operationId);
        requirePosition(continued, body);
        const prefix = prefixKey(request, continued.model, body);
        return findStepTask(continued.model, body).run(tasks, { ...continued, prefix }, body);
      });
      return sendJson(reply, { ...result, session: viewPosition(session) });
    },
  );
};
