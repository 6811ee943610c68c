import { z } from 'zod';
import { prefixFields } from './prefix.ts';
import { stateFields, stateReply } from './state.ts';
import { timeoutMs } from './call-fields.ts';
import { replyHead } from './reply.ts';
import { taskInput } from './task-input.ts';

export const embedBody = z
  .strictObject({
    input: taskInput,
    timeout_ms: timeoutMs,
    ...stateFields,
    ...prefixFields,
  })
  .meta({ examples: [{ input: 'A text' }] });

export const embedReply = z
  .object({
    ...replyHead,
    ...stateReply,
    embeddings: z.array(z.array(z.number())).describe('The last hidden row of each input'),
  })
  .meta({ id: 'EmbedReply' });
