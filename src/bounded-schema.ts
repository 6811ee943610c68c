import { z } from 'zod';

// Zod validates every item of an array and reports each invalid one, even if the array is too long: a body of
// a megabyte then takes a second. These schemas stop at the first error.

/** Adds a check of the number of items or keys, which runs before the schema. */
export function withMaxSize<T>(maxItems: number, schema: z.ZodType<T>) {
  // the check is described by the schema's description
  const { $schema: _, ...description } = z.toJSONSchema(schema, { io: 'input' });
  return z
    .unknown()
    .superRefine((value, context) => {
      if (typeof value !== 'object' || value === null) return;
      const [size, unit] = Array.isArray(value)
        ? [value.length, 'items']
        : [Object.keys(value).length, 'keys'];
      if (size > maxItems)
        context.addIssue({ code: 'custom', message: `at most ${maxItems} ${unit}, was given ${size}` });
    })
    .meta(description)
    .pipe(schema);
}

/** A string or an array of any number of strings. */
export const stringOrStrings = () =>
  z
    .custom<string | string[]>()
    .superRefine((value: unknown, context) => {
      if (typeof value === 'string') return;
      const invalid = Array.isArray(value) ? value.findIndex((item) => typeof item !== 'string') : null;
      if (invalid === null)
        context.addIssue({ code: 'custom', message: 'must be a string or an array of strings' });
      else if (invalid >= 0)
        context.addIssue({ code: 'custom', message: 'must be a string', path: [invalid] });
    })
    .meta({ anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] });

/** An array of 1 to `maxItems` strings that are not empty. */
export const stringList = (maxItems: number) =>
  z
    .custom<string[]>()
    .superRefine((value: unknown, context) => {
      const addIssue = (message: string, path: number[] = []): void =>
        context.addIssue({ code: 'custom', message, path });
      if (!Array.isArray(value)) return addIssue('must be an array of strings');
      if (value.length === 0 || value.length > maxItems)
        return addIssue(`must have from 1 to ${maxItems} items, was given ${value.length}`);
      const invalid = value.findIndex((item) => typeof item !== 'string' || item === '');
      if (invalid >= 0) addIssue('must be a string that is not empty', [invalid]);
    })
    .meta({ type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, maxItems });
