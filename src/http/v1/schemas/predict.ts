import { z } from 'zod';
import { callFields } from './call-fields.ts';
import { replyHead } from './reply.ts';
import { taskInput } from './task-input.ts';

export const predictBody = z.strictObject({ input: taskInput, ...callFields });

export const predictReply = z
  .object({
    ...replyHead,
    predictions: z.array(
      z.object({
        output: z
          .union([z.array(z.number()), z.array(z.array(z.number()))])
          .describe(
            'One row where the network answers once, or as many as its answer always has; else a row a step',
          ),
      }),
    ),
  })
  .meta({ id: 'PredictReply' });
