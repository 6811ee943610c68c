import { z } from 'zod';
import { callFields } from '../schemas/call-fields.ts';
import { decodeBody, decodeReply } from '../schemas/decode.ts';
import { includeFields } from '../schemas/include.ts';
import { inferenceRequest } from '../../v2/inference-body.ts';
import { generateBody, generateReply } from '../schemas/generate.ts';
import { classifyReply } from '../schemas/classify.ts';
import { embedReply } from '../schemas/embed.ts';
import { predictReply } from '../schemas/predict.ts';
import { tagReply } from '../schemas/tag.ts';
import { prefixFields } from '../schemas/prefix.ts';
import { replyHead } from '../schemas/reply.ts';
import { taskInput } from '../schemas/task-input.ts';

const decodeFields = decodeBody.omit({ input: true, stream: true, timeout_ms: true, n: true });

export const stepsBody = z
  .strictObject({
    input: taskInput
      .optional()
      .describe(
        'The next steps: a text, or numbers as [steps][features]. A model that generates may go on without any.',
      ),
    inputs: inferenceRequest.shape.inputs
      .optional()
      .describe('The next steps as named tensors, as /v2/models/{model}/infer takes them'),
    position: z
      .int()
      .min(0)
      .optional()
      .describe(
        'Refuse the call unless the session stands there: for a call that is repeated after its answer was lost',
      ),
    embed: z
      .boolean()
      .default(false)
      .describe("Answer the hidden rows instead of the model's task; a generating model's steps too"),
    return: z
      .enum(['each', 'last'])
      .optional()
      .describe(
        "The outputs of each of these steps, or of the last. By default each where the model's task has one for every step",
      ),
    top_k: z.int().min(1).max(10_000).default(5).describe('Labels to report'),
    generate: generateBody
      .omit({
        include: true,
        include_layers: true,
        include_units: true,
        include_format: true,
        prompt: true,
        stream: true,
        timeout_ms: true,
        n: true,
        state: true,
        return_state: true,
        reuse_prefix: true,
      })
      .optional()
      .describe('Generate after the input. Without it a generating model only reads the input.'),
    decode: z
      .object(decodeFields.shape)
      .strict()
      .optional()
      .describe(
        'How an encoder-decoder searches. Without input it goes on from the source that was read before.',
      ),
    ...includeFields,
    ...callFields,
    ...prefixFields,
  })
  .meta({
    examples: [
      { input: 'Call me Ishmael. ' },
      { generate: { max_tokens: 30, seed: 7 }, stream: true },
      { input: [[0.5, 1]], return: 'last', position: 17 },
    ],
  });
export type StepsBody = z.output<typeof stepsBody>;

export const sessionPosition = z
  .object({
    id: z.string(),
    position: z.int().describe('Steps, or tokens, of the sequence after this call'),
  })
  .describe('The session after the call');
const replies = [classifyReply, tagReply, decodeReply, predictReply, embedReply, generateReply] as const;

/** The reply of the model's task, with the session. */
export const stepsReply = z
  .union([
    ...replies.map((reply) => reply.extend({ session: sessionPosition })),
    z.object({ ...replyHead, session: sessionPosition }),
    z.object({
      model: z.string(),
      version: z.int(),
      outputs: z.array(z.looseObject({})),
      session: sessionPosition,
    }),
  ] as never)
  .describe("The reply of the model's task, with the session after the call") as z.ZodType<object>;
