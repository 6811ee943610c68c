import { z } from 'zod';
import { createEventSource, type EventSource } from '../../engine/event-source.ts';
import { generate, openGeneration } from '../../tasks/generate.ts';
import { prefixKey } from '../v1/prefix-key.ts';
import type { Call } from '../../tasks/context.ts';
import type { ServedModel } from '../../repository/repository-interface.ts';
import { openWithModel, withModel } from '../../tasks/with-model.ts';
import { abortOnDisconnect } from '../abort-on-disconnect.ts';
import { toProblem } from '../problem.ts';
import { requireModel } from '../plugins/authenticate.ts';
import { recordModel, recordSequence } from '../plugins/request-log.ts';
import type { Route } from '../route.ts';
import { sendJson } from '../send-json.ts';
import type { ServerEvent } from '../server-event.ts';
import { createAcceptance, sendStream } from '../v1/send-stream.ts';
import { createChunks, toCompletion, toGenerateBody } from './completion-json.ts';
import { toOpenaiError } from './error.ts';
import { errors } from './schemas/common-fields.ts';
import { completionBody, completionReply } from './schemas/completions.ts';

export const completionRoute: Route = (scope, parts) => {
  scope.post(
    '/v1/completions',
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'createCompletion',
        tags: ['openai'],
        summary: 'Texts that continue prompts, from a model that generates',
        body: completionBody.meta({
          examples: [{ model: 'moby', prompt: 'Call me ', max_tokens: 40, seed: 7 }],
        }),
        response: {
          200: {
            description: 'The texts',
            content: {
              'application/json': { schema: completionReply },
              'text/event-stream': {
                schema: z
                  .union([completionReply, z.literal('[DONE]')])
                  .describe('The data of an event: a chunk with one choice, the last one `[DONE]`'),
              },
            },
          },
          ...errors,
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const { tasks } = parts;
      const signal = abortOnDisconnect(reply);
      const requested = { reference: body.model, task: 'generate' as const };
      requireModel(request, body.model);
      const call = (model: ServedModel): Call => {
        recordModel(request, model, 'createCompletion');
        const prefix = prefixKey(request, model, {});
        const onSequenceEnd = recordSequence(request);
        return { model, signal, timeoutMs: body.timeout_ms, onSequenceEnd, prefix };
      };
      const asked = toGenerateBody(body);
      if (body.stream) {
        const { accepted, onSubmitted } = createAcceptance();
        const chunks = await openWithModel(
          tasks,
          requested,
          (model) => openGeneration(tasks, { ...call(model), onSubmitted }, asked),
          createChunks(body),
        );
        return sendStream(parts, request, reply, endWithDone(chunks), { accepted, toErrorEvent }) as never;
      }
      const completion = await withModel(tasks, requested, async (model) =>
        toCompletion(await generate(tasks, call(model), asked), model, body, signal),
      );
      return sendJson(reply, completion) as never;
    },
  );
};

/** Each chunk of the lists, then the mark of the end. */
function endWithDone(lists: EventSource<readonly ServerEvent[]>): EventSource<ServerEvent> {
  let chunks: readonly ServerEvent[] = [];
  let next = 0;
  let marked = false;
  return createEventSource({
    take() {
      if (next === chunks.length) {
        chunks = lists.take() ?? [];
        next = 0;
      }
      const chunk = chunks[next++];
      if (chunk) return chunk;
      next = chunks.length;
      if (!lists.ended || marked) return null;
      marked = true;
      return { event: null, id: null, data: '[DONE]' };
    },
    ended: () => marked,
    listen: (ready) => lists.listen(ready),
    close: () => lists.close(),
  });
}

/** An error after the first chunk, as OpenAI's clients expect it. */
const toErrorEvent = (error: unknown): ServerEvent => ({
  event: null,
  id: null,
  data: { error: toOpenaiError(toProblem(error)) },
});
