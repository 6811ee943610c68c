import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Schema } from './sample-schema.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}

export interface Operation {
  readonly path: string;
  readonly method: string;
  readonly query: readonly Parameter[];
  /** Schema of the body, or null. */
  readonly body: Schema | null;
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly Parameter[];
            readonly requestBody?: {
              readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
            };
          }
        >
      >
    >
  >;
}

/** The operations of openapi/openapi.json. */
export function readApi(): { operations: Operation[]; resolve: (schema: Schema) => Schema } {
  const file = join(import.meta.dirname, '../../openapi/openapi.json');
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      path,
      method: method.toUpperCase(),
      query: parameters.filter((one) => one.in === 'query'),
      body: requestBody ? (Object.values(requestBody.content ?? {})[0]?.schema ?? {}) : null,
    })),
  );
  const resolve = (schema: Schema): Schema => {
    let found = schema;
    while (found.$ref !== undefined)
      found = found.$ref
        .slice('#/'.length)
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document) as Schema;
    return found;
  };
  return { operations, resolve };
}
