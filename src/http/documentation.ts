import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { OpenAPIV3_1 } from 'openapi-types';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { Access } from '../access/scopes.ts';
import { version } from '../version.ts';
import { removeSafeBounds } from './openapi-bounds.ts';
import { withExamples, type ExampleModel } from './openapi-examples.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The document of the API, with examples that the models answer. */
    describeApi: () => OpenAPIV3_1.Document;
  }
}

/** Allows resources of this origin only. No upgrade to https, which the server itself does not support. */
const contentPolicy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** Removes named schemas that nothing refers to: zod emits each in an input and an output form. */
function removeUnusedSchemas(document: Document): Document {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  if (!components?.schemas) return document;
  const text = JSON.stringify({ ...document, components: { ...components, schemas: undefined } });
  const used = new Set<string>();
  const visit = (json: string): void => {
    for (const [, name] of json.matchAll(/#\/components\/schemas\/([\w-]+)/g))
      if (!used.has(name!)) {
        used.add(name!);
        visit(JSON.stringify(components.schemas![name!] ?? null));
      }
  };
  visit(text);
  const schemas = Object.fromEntries(Object.entries(components.schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...components, schemas } } as Document;
}

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key: `Authorization: Bearer unroll_…`' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key' },
} as const;

/** A key with the scope, or none where the server has no keys. */
const toSecurity = (access: Access | undefined): Record<string, string[]>[] | null =>
  access === undefined || access === 'open' ? null : [{ bearer: [access] }, { apiKey: [access] }, {}];

export interface DocumentedSetting {
  readonly name: string;
  readonly default: string;
  readonly allowed: string;
  readonly meaning: string;
}

const description = (settings: readonly DocumentedSetting[]): string =>
  [
    'An inference server for trained recurrent networks. Outputs are bit-identical whether a sequence runs alone, batched or streamed.',
    'Errors are RFC 9457 problem documents with a stable `code`; their `detail` names the field, the limit and the given value.',
    'Where a server has API keys, an operation needs one with the scope that its security names: `infer`, `train` or `admin`, which includes the others.',
    '',
    'Limits and other settings are environment variables:',
    '',
    '| variable | default | allowed | meaning |',
    '|---|---|---|---|',
    ...settings.map(
      (setting) => `| \`${setting.name}\` | ${setting.default} | ${setting.allowed} | ${setting.meaning} |`,
    ),
  ].join('\n');

/**
 * Registers the OpenAPI document, generated from the schemas of the routes, and its page at /docs.
 * @param models whose examples anybody may see
 */
export async function documentation(
  app: FastifyInstance,
  settings: readonly DocumentedSetting[],
  {
    url,
    prefix,
    models,
  }: { readonly url: string; readonly prefix: string; readonly models: () => readonly ExampleModel[] },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Unroll',
        version,
        description: description(settings),
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: url === '' ? '/' : url.replace(/\/+$/, ''), description: 'This server' }],
      tags: [
        { name: 'models', description: 'Models that are served' },
        { name: 'tasks', description: 'Inference' },
        { name: 'openai', description: "OpenAI's API over the same models, jobs and datasets" },
        { name: 'operations', description: 'Health and metrics' },
      ],
      security: [],
      components: { securitySchemes },
    },
    transform: (route) => {
      const { schema, url: path } = jsonSchemaTransform(route);
      const security = toSecurity(route.route.config?.access);
      return { schema: { ...schema, ...(security && { security }) }, url: path };
    },
    transformObject: (document) => removeSafeBounds(removeUnusedSchemas(jsonSchemaTransformObject(document))),
  });
  app.decorate('describeApi', () => withExamples(app.swagger() as OpenAPIV3_1.Document, models()));
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: prefix,
    staticCSP: contentPolicy,
    transformSpecification: () => app.describeApi(),
    transformSpecificationClone: false,
  });
}
