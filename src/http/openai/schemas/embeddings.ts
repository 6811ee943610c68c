import { z } from 'zod';
import { timeoutMs } from '../../v1/schemas/call-fields.ts';
import { taskInput } from '../../v1/schemas/task-input.ts';
import { ignoredFields, modelField } from './common-fields.ts';

export const embeddingBody = z
  .strictObject({
    model: modelField,
    input: taskInput.describe(
      "As of /v1/models/{model}/embed. For a model of texts, lists of numbers are ids of the model's vocabulary",
    ),
    encoding_format: z
      .enum(['float', 'base64'])
      .default('float')
      .describe('base64: little-endian float32 numbers, which are exact'),
    dimensions: z.int().min(1).optional().describe('Must be the width of the hidden state, as it always is'),
    timeout_ms: timeoutMs,
    ...ignoredFields,
  })
  .meta({ examples: [{ model: 'language', input: 'A text' }] });
export type EmbeddingBody = z.output<typeof embeddingBody>;

export const embeddingReply = z
  .object({
    object: z.literal('list'),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string()]).describe('The last hidden row'),
      }),
    ),
    model: z.string().describe('`name@version`'),
    usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
  })
  .meta({ id: 'Embeddings' });
