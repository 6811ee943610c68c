import { z } from 'zod';
import { operatorGraphFields } from '../../../operators/spec.ts';
import { placed } from '../fields.ts';

/** An imported network that is no stack of layers, or a part of one. Its tensors are its constants. */
export const operatorGraphSchema = z.strictObject({
  type: z.literal('program'),
  ...placed,
  ...operatorGraphFields,
});
export type OperatorGraphSpec = z.infer<typeof operatorGraphSchema>;
