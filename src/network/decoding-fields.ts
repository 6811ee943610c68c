import { z } from 'zod';
import { withMaxSize } from '../bounded-schema.ts';

// What decoding can be told: the ranges of a request's fields, and of a model's defaults for them.

const stopString = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.isWellFormed(), 'must not hold half a character');

export const decodingFields = {
  max_tokens: z.int().min(1),
  temperature: z.number().min(0).max(100),
  top_k: z.int().min(0),
  top_p: z.number().gt(0).max(1),
  min_p: z.number().min(0).max(1),
  repetition_penalty: z.number().min(0.01).max(100),
  frequency_penalty: z.number().min(-100).max(100),
  stop: withMaxSize(16, z.union([stopString, z.array(stopString).max(16)])),
  beam_size: z.int().min(1).max(64),
  patience: z.number().min(0.1).max(100),
  length_penalty: z.number().min(0).max(10),
  coverage_penalty: z.number().min(0).max(10),
  min_length: z.int().min(0),
  max_length: z.int().min(1),
  no_repeat_ngram_size: z.int().min(0).max(100),
};

/** The defaults of one model. */
export const decodingDefaults = z.strictObject(decodingFields).partial();
