import { format } from 'prettier';
import { toType, toComment, type Schema } from './schema-type.ts';

// The types of the TypeScript client, from the API's document: its named schemas, and for every operation the
// method and path that call it and the types of what it takes and answers.

interface Content {
  readonly schema: Schema;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}
interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>>; readonly required?: boolean };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const opening = `// Generated from openapi/openapi.json by \`npm run openapi\`: change the schemas of the server's routes instead.
`;

/** @returns the source of src/client/api.ts, which has types alone: nothing of it is loaded when a program runs */
export function toClientTypes({ paths, components }: ApiDocument): Promise<string> {
  const operations = listOperations(paths);
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `${toComment(schema.description)}export type ${name} = ${toType(schema)};`,
  );
  const types = operations.map(
    ({ operation }) =>
      `${toComment(operation.summary)}${operation.operationId}: ${toOperationType(operation)};`,
  );
  const source = [
    opening,
    ...schemas,
    `/** What each operation takes and answers. */\nexport interface Operations {\n${types.join('\n')}\n}`,
  ].join('\n\n');
  return formatSource(source);
}

/** @returns the source of src/client/operations.ts */
export function toClientOperations({ paths }: ApiDocument): Promise<string> {
  const rows = listOperations(paths).map(
    ({ path, method, operation: { operationId, responses } }) =>
      `${operationId}: ['${method.toUpperCase()}', '${path}', '${findReplyKind(responses)}'],`,
  );
  const source = [
    opening,
    `import type { Operations } from './api.ts';`,
    `/** The method and path of each operation, and the form of its reply. */\nexport const operations = {\n${rows.join('\n')}\n} as const satisfies Record<keyof Operations, readonly [method: string, path: string, reply: 'json' | 'bytes' | 'text']>;`,
  ].join('\n\n');
  return formatSource(source);
}

const listOperations = (paths: ApiDocument['paths']) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

const formatSource = (source: string): Promise<string> =>
  format(source, { parser: 'typescript', printWidth: 110, singleQuote: true, trailingComma: 'all' });

function toOperationType({ parameters = [], requestBody, responses }: Operation): string {
  const fields = ['path', 'query'].map((place) => {
    const found = parameters.filter((parameter) => parameter.in === place);
    return found.length === 0 ? `${place}?: undefined;` : toParameters(place, found);
  });
  const body = requestBody?.content['application/json'];
  fields.push(body ? `body: ${toType(body.schema, { takesUndefined: true })};` : 'body?: undefined;');
  const reply = findReplyKind(responses);
  const { 'application/json': json, 'text/event-stream': stream } = responses['200']?.content ?? {};
  fields.push(
    `reply: ${json ? toType(json.schema) : reply === 'bytes' ? 'Uint8Array<ArrayBuffer>' : 'string'};`,
  );
  // those of other protocols are texts
  if (stream && stream.schema.type !== 'string') fields.push(`events: ${toType(stream.schema)};`);
  return `{ ${fields.join('\n')} }`;
}

/** JSON where there is a choice. */
function findReplyKind(responses: Operation['responses']): 'json' | 'bytes' | 'text' {
  const { content = {} } = responses['200'] ?? {};
  if ('application/json' in content) return 'json';
  return 'application/octet-stream' in content ? 'bytes' : 'text';
}

function toParameters(place: string, parameters: readonly Parameter[]): string {
  const fields = parameters.map(({ name, required = false, description, schema }) => {
    const optional = required ? '' : '?';
    const undefinedToo = required ? '' : ' | undefined';
    return `${toComment(description)}${JSON.stringify(name)}${optional}: ${toType(schema)}${undefinedToo};`;
  });
  const optional = parameters.some(({ required }) => required) ? '' : '?';
  return `${place}${optional}: {\n${fields.join('\n')}\n}${optional && ' | undefined'};`;
}
