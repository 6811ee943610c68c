import { z } from 'zod';

// Schemas that the routes of the Open Inference Protocol share.

export const tags = ['inference protocol'];

export const byName = z.object({ model: z.string() });
export const byVersion = byName.extend({ version: z.string() });
export interface Reference {
  readonly model: string;
  readonly version?: string;
}
/** The model reference of a path: `name`, `name@version` or `name@alias`. */
export const toReference = ({ model, version }: Reference): string =>
  version === undefined ? model : `${model}@${version}`;

export const error = z.object({ error: z.string() }).meta({ id: 'InferenceError' });
export const failures = { '4xx': error, '5xx': error };
