import { z } from 'zod';
import { prefixFields } from './prefix.ts';
import { stateFields, stateReply } from './state.ts';
import { stringOrStrings } from '../../../bounded-schema.ts';
import { decodingFields } from '../../../network/decoding-fields.ts';
import { callFields } from './call-fields.ts';
import { includeFields, insideReply, stepInside } from './include.ts';
import { replyHead } from './reply.ts';

const { max_tokens, temperature, top_k, top_p, min_p, repetition_penalty, frequency_penalty, stop } =
  decodingFields;

export const generateBody = z
  .strictObject({
    prompt: stringOrStrings().optional().describe('Without it the model starts from its start token'),
    max_tokens: max_tokens.optional().describe('At most UNROLL_MAX_TOKENS'),
    temperature: temperature.optional().describe('0 is greedy'),
    top_k: top_k.optional().describe('Sample from the k most likely; 0 is all'),
    top_p: top_p.optional().describe('Sample from the fewest that reach this probability'),
    min_p: min_p.optional().describe('Sample from those at least this likely relative to the most likely'),
    repetition_penalty: repetition_penalty
      .optional()
      .describe('Divides the logits of tokens that have occurred; 1 is none'),
    frequency_penalty: frequency_penalty
      .optional()
      .describe('Subtracted from a logit for each occurrence; 0 is none'),
    seed: z
      .int()
      .min(0)
      .optional()
      .describe('The same seed gives the same text, regardless of batch composition'),
    stop: stop.optional().describe('The text ends before any of these'),
    logprobs: z.int().min(0).max(20).optional().describe('Alternatives to report with each token'),
    n: z.int().min(1).max(1000).optional().describe('Choices for each prompt'),
    ...includeFields,
    ...callFields,
    ...stateFields,
    ...prefixFields,
    stream: callFields.stream.describe('Send server-sent events while the texts are written'),
  })
  .meta({ examples: [{ prompt: 'The ', max_tokens: 20 }] });

const scoredToken = { text: z.string(), id: z.int(), logprob: z.number() };
export const generateReply = z
  .object({
    ...replyHead,
    ...stateReply,
    generations: z
      .array(
        z.object({
          text: z.string(),
          finish_reason: z.enum(['stop', 'length']),
          tokens: z.int().describe('Tokens generated'),
          logprobs: z.array(z.object({ ...scoredToken, top: z.array(z.object(scoredToken)) })).optional(),
          prompt_steps: z
            .int()
            .optional()
            .describe('With `include`: token k was drawn from row prompt_steps − 1 + k'),
          inside: insideReply,
        }),
      )
      .describe('n for each prompt, in order'),
  })
  .meta({ id: 'GenerateReply' });

/** `token`: one that was drawn; `done` has the finish reason of the first text. */
export const generateEvents = {
  token: z.object({
    ...scoredToken,
    choice: z.int().describe('Which text it belongs to'),
    top: z.array(z.object(scoredToken)).optional(),
    inside: stepInside,
  }),
  done: generateReply.extend({ finish_reason: z.enum(['stop', 'length']) }),
};
