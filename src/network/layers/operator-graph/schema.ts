import { z } from 'zod';
import { operatorGraphFields } from '../../../operators/spec.ts';
import { placed } from '../fields.ts';

/** An imported network, or a part of one, that is not a stack of layers. Its tensors are its constants. */
export const operatorGraphSchema = z.strictObject({
  type: z.literal('operator_graph'),
  ...placed,
  ...operatorGraphFields,
});
export type OperatorGraphSpec = z.infer<typeof operatorGraphSchema>;
