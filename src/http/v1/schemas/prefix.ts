import { z } from 'zod';

export const prefixFields = {
  reuse_prefix: z
    .boolean()
    .default(true)
    .describe(
      'Start from the state after the beginning that the text has in common with one that this API key sent lately: the same answer, sooner',
    ),
};
