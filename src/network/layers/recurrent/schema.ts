import { z } from 'zod';
import { recurrentFields } from '../../../cells/recurrent-fields.ts';
import { placed } from '../fields.ts';

export const recurrentSchema = z.strictObject({
  type: z.literal('recurrent'),
  ...placed,
  ...recurrentFields,
});
export type RecurrentSpec = z.infer<typeof recurrentSchema>;
