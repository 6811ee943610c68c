import { z } from 'zod';

// Zod looks at every item of a list and reports each wrong one, also where the list is too long: a body of a megabyte then
// costs a second. These schemas refuse at the first fault.

/** The same schema, behind a check of its number of items or keys. */
export function withMaxSize<T>(most: number, schema: z.ZodType<T>) {
  // what the check takes is described as what the schema takes
  const { $schema: _, ...description } = z.toJSONSchema(schema, { io: 'input' });
  return z
    .unknown()
    .superRefine((value, context) => {
      if (typeof value !== 'object' || value === null) return;
      const [size, what] = Array.isArray(value)
        ? [value.length, 'items']
        : [Object.keys(value).length, 'keys'];
      if (size > most)
        context.addIssue({ code: 'custom', message: `at most ${most} ${what}, was given ${size}` });
    })
    .meta(description)
    .pipe(schema);
}

/** A text or a list of any number of them. */
export const stringOrStrings = () =>
  z
    .custom<string | string[]>()
    .superRefine((value: unknown, context) => {
      if (typeof value === 'string') return;
      const wrong = Array.isArray(value) ? value.findIndex((item) => typeof item !== 'string') : null;
      if (wrong === null) context.addIssue({ code: 'custom', message: 'must be a text or a list of texts' });
      else if (wrong >= 0) context.addIssue({ code: 'custom', message: 'must be a text', path: [wrong] });
    })
    .meta({ anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] });

/** A list of one to `most` texts that are not empty. */
export const stringList = (most: number) =>
  z
    .custom<string[]>()
    .superRefine((value: unknown, context) => {
      const refuse = (message: string, path: number[] = []): void =>
        context.addIssue({ code: 'custom', message, path });
      if (!Array.isArray(value)) return refuse('must be a list of texts');
      if (value.length === 0 || value.length > most)
        return refuse(`must have from 1 to ${most} items, was given ${value.length}`);
      const wrong = value.findIndex((item) => typeof item !== 'string' || item === '');
      if (wrong >= 0) refuse('must be a text that is not empty', [wrong]);
    })
    .meta({ type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, maxItems: most });
