import { z } from 'zod';
import { programFields } from '../../../operators/spec.ts';
import { placed } from '../fields.ts';

/** An imported network that is no stack of layers, or a part of one. Its tensors are its constants. */
export const operatorGraphSchema = z.strictObject({
  type: z.literal('program'),
  ...placed,
  ...programFields,
});
export type ProgramSpec = z.infer<typeof operatorGraphSchema>;
