import { expect, it } from 'vitest';
import { z } from 'zod';
import { trainingSpec } from '../../src/training/training-spec.ts';

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
}

function* listUndescribed(schema: Schema, path: string): Generator<string> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const own = `${path}${name}`;
    if (field.description === undefined) yield own;
    yield* listUndescribed(field, `${own}.`);
  }
  for (const part of [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.items ? [schema.items] : []),
  ])
    yield* listUndescribed(part, path);
}

it('describes every field of a job, for the API document', () => {
  const schema = z.toJSONSchema(trainingSpec, { io: 'input', unrepresentable: 'any' }) as Schema;
  expect(Object.keys(schema.properties!)).toContain('publish');
  expect([...new Set(listUndescribed(schema, ''))]).toEqual([]);
});

it('knows a field without a description', () => {
  const schema = z.toJSONSchema(z.object({ a: z.object({ b: z.int() }).describe('said') })) as Schema;
  expect([...listUndescribed(schema, '')]).toEqual(['a.b']);
});
