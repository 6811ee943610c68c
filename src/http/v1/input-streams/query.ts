import { z } from 'zod';
import { ownerFields } from '../sessions/schemas.ts';

const maxFrameSteps = 8192;
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** How a stream's inputs are read and answered. */
export const streamQuery = z.object({
  ...ownerFields,
  dtype: z
    .enum(['float32', 'int16'])
    .default('float32')
    .describe(
      'Type of the values of frames, little-endian; int16 is divided by 32768, as samples of audio are',
    ),
  frame: z.coerce
    .number()
    .int()
    .min(1)
    .max(maxFrameSteps)
    .default(1)
    .describe(
      'Steps of a frame, which has one answer. A step has as many values as the model has features: a model that takes a window of samples a step has a feature for each sample.',
    ),
  return: z.enum(['each', 'last']).optional().describe('As in the body of steps, for frames and bare inputs'),
  embed: flag.optional().describe('As in the body of steps, for frames and bare inputs'),
  top_k: z.coerce.number().int().min(1).max(10_000).default(5).describe('Labels to report'),
  timeout_ms: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Milliseconds for each input, and for each answer to be read; UNROLL_TIMEOUT_MS by default'),
  take_over: flag
    .optional()
    .describe('Whether a stream that has the session ends first; of no use with a model'),
});
export type StreamQuery = z.output<typeof streamQuery>;

export const socketQuery = streamQuery.extend({
  samples: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'Values of each binary message, where these are not whole frames: blocks of a microphone, which are joined to frames. By default a message has one frame or more.',
    ),
  answers: z
    .enum(['json', 'float32'])
    .default('json')
    .describe('float32: the answers to frames are binary, the values of `predict` alone'),
});
export type SocketQuery = z.output<typeof socketQuery>;
