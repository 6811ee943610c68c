import { z } from 'zod';
import { stateFields, stateReply } from './state.ts';
import { callFields } from './call-fields.ts';
import { includeFields, insideReply, stepInside } from './include.ts';
import { replyHead } from './reply.ts';
import { taskInput } from './task-input.ts';

export const predictBody = z
  .strictObject({
    input: taskInput,
    ...includeFields,
    ...callFields,
    ...stateFields,
  })
  .meta({ examples: [{ input: [[0.5, 1]] }] });

export const predictReply = z
  .object({
    ...replyHead,
    ...stateReply,
    predictions: z.array(
      z.object({
        output: z
          .union([z.array(z.number()), z.array(z.array(z.number()))])
          .describe(
            'One row, or a fixed number of rows, where the network has one output for each sequence; otherwise a row for each step',
          ),
        inside: insideReply,
      }),
    ),
  })
  .meta({ id: 'PredictReply' });

/** `step`: the output of a step that has one. */
export const predictEvents = {
  step: z.object({ step: z.int(), output: z.array(z.number()), inside: stepInside }),
  done: predictReply,
};
