import { z } from 'zod';
import { withMaxSize } from '../bounded-schema.ts';

// Fields of decoding and generation, with their ranges: in requests, and as defaults of a model.

const stopString = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.isWellFormed(), 'must not contain half a character');

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

/** A model's defaults. */
export const decodingDefaults = z.strictObject(decodingFields).partial();
