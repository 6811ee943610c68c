import { z } from 'zod';
import { stateFields, stateReply } from './state.ts';
import { callFields } from './call-fields.ts';
import { includeFields, insideReply, stepInside } from './include.ts';
import { replyHead } from './reply.ts';
import { taskInput } from './task-input.ts';

export const tagBody = z
  .strictObject({ input: taskInput, ...includeFields, ...callFields, ...stateFields })
  .meta({ examples: [{ input: 'A text' }] });

const token = z.object({
  text: z.string(),
  label: z.string(),
  score: z.number(),
  start: z.int().describe('UTF-16 units from the start of the input'),
  end: z.int(),
});
export const tagReply = z
  .object({
    ...replyHead,
    ...stateReply,
    predictions: z.array(z.object({ tokens: z.array(token), inside: insideReply })),
  })
  .meta({ id: 'TagReply' });

/** `token`: a step with its label. */
export const tagEvents = { token: token.extend({ inside: stepInside }), done: tagReply };
