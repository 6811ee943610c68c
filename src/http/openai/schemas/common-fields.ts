import { z } from 'zod';
import { errorCode } from '../../v1/schemas/reply.ts';

/** Parameters that ask for nothing that this server does otherwise: accepted and not used. */
const ignored = z.unknown().optional().describe('Accepted, and not used');
export const ignoredFields = {
  user: ignored,
  service_tier: ignored,
  store: ignored,
  metadata: ignored,
  safety_identifier: ignored,
  prompt_cache_key: ignored,
};

export const modelField = z
  .string()
  .min(1)
  .max(200)
  .describe('`name` for the highest version, or `name@version`');

const errorContent = {
  description: "The error, in OpenAI's form",
  content: {
    'application/json': {
      schema: z
        .object({
          error: z.object({
            message: z.string().describe('The field, the limit and the given value'),
            type: z.string(),
            param: z.string().nullable().describe('The parameter that the error is about'),
            code: errorCode,
          }),
        })
        .meta({ id: 'OpenaiError' }),
    },
  },
};

/** The error responses of any of OpenAI's routes. */
export const errors = { '4xx': errorContent, '5xx': errorContent };
