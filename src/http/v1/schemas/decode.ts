import { z } from 'zod';
import { withMaxSize } from '../../../bounded-schema.ts';
import { decodingFields } from '../../../network/decoding-fields.ts';
import { callFields } from './call-fields.ts';
import { replyHead } from './reply.ts';
import { taskInput } from './task-input.ts';

const token = z.string().min(1).max(1024);
const {
  beam_size,
  patience,
  length_penalty,
  coverage_penalty,
  min_length,
  max_length,
  no_repeat_ngram_size,
  temperature,
  top_k,
  top_p,
  min_p,
} = decodingFields;

export const decodeBody = z
  .strictObject({
    input: taskInput,
    beam_size: beam_size.optional().describe('Hypotheses that the search keeps; 1 is greedy'),
    num_hypotheses: z.int().min(1).max(64).optional().describe('Outputs to return; at most beam_size'),
    patience: patience
      .optional()
      .describe('The search ends at the latest when patience × beam_size outputs have ended'),
    length_penalty: length_penalty
      .optional()
      .describe('α: log-probabilities are divided by ((5 + length) / 6)^α'),
    coverage_penalty: coverage_penalty
      .optional()
      .describe('Weight of source steps that attention has not covered'),
    min_length: min_length.optional(),
    max_length: max_length.optional().describe('Tokens; at most UNROLL_MAX_TOKENS'),
    no_repeat_ngram_size: no_repeat_ngram_size
      .optional()
      .describe('No n-gram of this size occurs twice; 0 allows all'),
    prefix: withMaxSize(4096, z.union([z.string().min(1).max(65_536), z.array(token).min(1).max(4096)]))
      .optional()
      .describe('A text or tokens that every output begins with'),
    suppress: withMaxSize(1024, z.array(token).max(1024))
      .optional()
      .describe('Tokens that no output contains'),
    temperature: temperature.optional().describe('Above 0, outputs are sampled'),
    top_k: top_k.optional(),
    top_p: top_p.optional(),
    min_p: min_p.optional(),
    seed: z
      .int()
      .min(0)
      .optional()
      .describe('The same seed gives the same outputs, regardless of batch composition'),
    n: z.int().min(1).max(1000).optional().describe('Outputs to sample for each source'),
    logprobs: z.boolean().optional().describe('The log-probability of every token'),
    return_attention: z
      .boolean()
      .optional()
      .describe('Attention weights of each token over the tokens of the source'),
    ...callFields,
  })
  .meta({ examples: [{ input: 'A text' }] });

export const decodeReply = z
  .object({
    ...replyHead,
    predictions: z
      .array(
        z.object({
          hypotheses: z
            .array(
              z.object({
                text: z.string(),
                tokens: z.array(z.string()),
                score: z.number(),
                finish_reason: z.enum(['stop', 'length']),
                logprobs: z.array(z.number()).optional(),
                attention: z.array(z.array(z.number())).optional(),
              }),
            )
            .describe('Best first'),
          source_tokens: z.array(z.string()).optional(),
        }),
      )
      .describe('One for each source, in order'),
  })
  .meta({ id: 'DecodeReply' });

/** `token`: a token that every hypothesis has. */
export const decodeEvents = {
  token: z.object({ index: z.int(), text: z.string(), id: z.int(), logprob: z.number() }),
  done: decodeReply,
};
