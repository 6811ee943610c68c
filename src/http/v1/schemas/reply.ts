import { z } from 'zod';
import { errorCodes } from '../../../errors.ts';

const usage = z
  .object({
    steps: z.int().describe('Steps that the network ran, over all sequences'),
    reused_steps: z
      .int()
      .optional()
      .describe('Steps that were not run, since a text that was read lately begins the same way'),
    unknown: z.int().describe('Tokens of the input that are not in the vocabulary'),
    queued_ms: z.number().describe('Milliseconds that the sequence which waited longest was queued'),
    run_ms: z.number().describe('Milliseconds that the sequence which ran longest took'),
  })
  .meta({ id: 'Usage' });

export const replyHead = { model: z.string(), version: z.int(), usage };

/** Named, so that every error that has one refers to the same list. */
export const errorCode = z
  .enum(errorCodes)
  .meta({ id: 'ErrorCode', description: 'Stable name of the error' });
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: errorCode,
    detail: z.string().describe('The field, the limit and the given value'),
    field: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });

export const modelParameter = z.object({
  model: z
    .string()
    .min(1)
    .max(200)
    .describe(
      '`name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready',
    ),
});

const problemContent = {
  description: 'The error',
  content: { 'application/problem+json': { schema: problem } },
};

/** The error responses of any route. */
export const problems = { '4xx': problemContent, '5xx': problemContent };

/** The responses of a task: JSON, its stream where it has one, and the errors. */
export const taskResponses = <T extends z.ZodType>(
  reply: T,
  stream: { readonly summary: string; readonly events: z.ZodType } | null,
) => ({
  200: {
    description: stream === null ? 'The result' : `The result; of a stream, ${stream.summary}`,
    content: {
      'application/json': { schema: reply },
      'application/x-ndjson': { schema: z.string().describe('A reply, or an error, of each line') },
      ...(stream && { 'text/event-stream': { schema: stream.events } }),
    },
  },
  ...problems,
});
