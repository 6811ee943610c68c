import { z } from 'zod';

/** Tokens of states up to some megabytes, which the limit on bodies bounds first. */
const maxTokenLength = 64 * 1024 * 1024;

export const stateFields = {
  state: z
    .string()
    .min(1)
    .max(maxTokenLength)
    .optional()
    .describe('A state that an earlier reply returned: the input goes on from there. Takes a single input'),
  return_state: z
    .boolean()
    .optional()
    .describe(
      'Return the state after the input as `state`, a token for the next request, to any server with the same UNROLL_STATE_KEY and the same version. Takes a single input',
    ),
};

export const stateReply = {
  state: z.string().optional().describe('Where return_state asks for it: the state after the input'),
};
