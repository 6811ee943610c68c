import { embed, type EmbedResult } from '../../tasks/embed.ts';
import { invalidField } from '../../tasks/invalid-field.ts';
import { withModel } from '../../tasks/with-model.ts';
import type { ServedModel } from '../../repository/repository-interface.ts';
import { createTimeSlice } from '../../time-slice.ts';
import { abortOnDisconnect } from '../abort-on-disconnect.ts';
import { toShortestNumbers } from '../float32-text.ts';
import { requireModel } from '../plugins/authenticate.ts';
import { recordModel, recordSequence } from '../plugins/request-log.ts';
import type { Route } from '../route.ts';
import { sendJson } from '../send-json.ts';
import { errors } from './schemas/common-fields.ts';
import { embeddingBody, embeddingReply, type EmbeddingBody } from './schemas/embeddings.ts';
import { toTokenInput } from './token-input.ts';

export const embeddingRoute: Route = (scope, { tasks }) => {
  scope.post(
    '/v1/embeddings',
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'createEmbedding',
        tags: ['openai'],
        summary: 'The last hidden state of whole sequences, from a model of any task',
        body: embeddingBody.meta({ examples: [{ model: 'language', input: 'All human beings' }] }),
        response: {
          200: { description: 'The vectors', content: { 'application/json': { schema: embeddingReply } } },
          ...errors,
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      requireModel(request, body.model);
      const signal = abortOnDisconnect(reply);
      const vectors = await withModel(tasks, { reference: body.model, task: null }, async (model) => {
        recordModel(request, model, 'createEmbedding');
        const width = model.network.info.hiddenWidth;
        if (body.dimensions !== undefined && body.dimensions !== width)
          invalidField('dimensions', `must be ${width}, which ${model.name} has, was ${body.dimensions}`);
        const input = model.vocabulary ? toTokenInput(body.input, 'input') : body.input;
        const result = await embed(
          tasks,
          { model, signal, timeoutMs: body.timeout_ms, onSequenceEnd: recordSequence(request) },
          { input },
        );
        return toReply(result, model, body, signal);
      });
      return sendJson(reply, vectors) as never;
    },
  );
};

async function toReply(
  { embeddings, usage: { steps } }: EmbedResult,
  { name, version }: ServedModel,
  { encoding_format: format }: EmbeddingBody,
  signal: AbortSignal,
): Promise<object> {
  const slice = createTimeSlice(signal);
  const data: object[] = [];
  for (const [index, values] of embeddings.entries()) {
    const embedding = format === 'base64' ? toBase64(values) : await toShortestNumbers(values, slice);
    data.push({ object: 'embedding', index, embedding });
    if (slice.due()) await slice.next();
  }
  const usage = { prompt_tokens: steps, total_tokens: steps };
  return { object: 'list', data, model: `${name}@${version}`, usage };
}

const toBase64 = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');
