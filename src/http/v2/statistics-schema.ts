import { z } from 'zod';

// not int: the nanoseconds of all workers exceed 2⁵³ after a few months
const duration = z.object({ count: z.number(), ns: z.number() });
const compute = { compute_input: duration, compute_infer: duration, compute_output: duration };

export const modelStatistics = z
  .object({
    model_stats: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        last_inference: z.int().describe('Milliseconds since 1970; 0 is never'),
        inference_count: z.int().describe('Sequences answered'),
        execution_count: z.int().describe('Batches run: a step of all sequences that run together'),
        inference_stats: z.object({
          success: duration.describe('Requests answered, by any route'),
          fail: duration,
          queue: duration.describe('Of each sequence'),
          ...compute,
          cache_hit: duration.describe('There is no cache'),
        }),
        batch_stats: z.array(z.object({ batch_size: z.int(), ...compute })),
      }),
    ),
  })
  .meta({ id: 'ModelStatistics' });
