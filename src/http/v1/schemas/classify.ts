import { z } from 'zod';
import { prefixFields } from './prefix.ts';
import { stateFields, stateReply } from './state.ts';
import { includeFields, insideReply, stepInside } from './include.ts';
import { replyHead } from './reply.ts';
import { callFields } from './call-fields.ts';
import { taskInput } from './task-input.ts';

export const classifyBody = z
  .strictObject({
    input: taskInput,
    top_k: z.int().min(1).max(10_000).default(5).describe('Labels to report'),
    ...includeFields,
    ...callFields,
    ...stateFields,
    ...prefixFields,
  })
  .meta({ examples: [{ input: 'A text' }] });

const scored = { label: z.string(), score: z.number() };
const prediction = { ...scored, top: z.array(z.object(scored)) };
export const classifyReply = z
  .object({
    ...replyHead,
    ...stateReply,
    predictions: z
      .array(z.object({ ...prediction, inside: insideReply }))
      .describe('One for each input, in order'),
  })
  .meta({ id: 'ClassifyReply' });

/** `step`: the label of the sequence up to a step. */
export const classifyEvents = {
  step: z.object({ step: z.int(), ...prediction, inside: stepInside }),
  done: classifyReply,
};
