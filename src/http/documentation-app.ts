import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { fastify, type RouteOptions } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { OpenAPIV3_1 } from 'openapi-types';
import type { Access } from '../access/scopes.ts';
import { version } from '../version.ts';
import { removeSafeBounds } from './openapi-bounds.ts';
import { withExamples, type ExampleModel } from './openapi-examples.ts';
import { zodSchemas } from './zod-schemas.ts';

// The OpenAPI document, generated from the schemas of the routes, and its pages, in an app of their own.

export interface DocumentedSetting {
  readonly name: string;
  readonly default: string;
  readonly allowed: string;
  readonly meaning: string;
}

export interface DocumentationOptions {
  readonly settings: readonly DocumentedSetting[];
  /** Where callers reach the server; empty: where they found the document. */
  readonly url: string;
  /** Path of this URL; empty: none. */
  readonly prefix: string;
  /** Models whose examples anybody may see. */
  readonly models: () => readonly ExampleModel[];
}

export interface DocumentationApp {
  describe(): OpenAPIV3_1.Document;
  /** @returns null where there is no such page */
  getPage(
    url: string,
    headers: IncomingHttpHeaders,
  ): Promise<{
    readonly status: number;
    readonly headers: OutgoingHttpHeaders;
    readonly body: Buffer | null;
  } | null>;
  close(): Promise<void>;
}

/** Allows resources of this origin only. No upgrade to https, which the server itself does not support. */
const contentPolicy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

type Transformed = ReturnType<typeof jsonSchemaTransformObject>;

/** Removes named schemas that nothing refers to: zod emits each in an input and an output form. */
function removeUnusedSchemas(document: Transformed): Transformed {
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
  return { ...document, components: { ...components, schemas } } as Transformed;
}

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key: `Authorization: Bearer unroll_…`' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key' },
} as const;

/** A key with the scope, or none where the server has no keys. */
const toSecurity = (access: Access | undefined): Record<string, string[]>[] | null =>
  access === undefined || access === 'open' ? null : [{ bearer: [access] }, { apiKey: [access] }, {}];

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
 * Creates the app; it does not listen.
 * @param routes those to describe
 */
export async function createDocumentationApp(
  routes: readonly RouteOptions[],
  { settings, url, prefix, models }: DocumentationOptions,
): Promise<DocumentationApp> {
  const app = fastify({ schemaController: zodSchemas, routerOptions: { ignoreTrailingSlash: true } });
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
  const describe = (): OpenAPIV3_1.Document => withExamples(app.swagger() as OpenAPIV3_1.Document, models());
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: prefix,
    staticCSP: contentPolicy,
    transformSpecification: describe,
    transformSpecificationClone: false,
  });
  // they are never called here; in a plugin of their own, so that those above are loaded before them
  await app.register(async (scope) => {
    for (const { method, url: path, schema = {}, config } of routes)
      if (method !== 'HEAD' && schema.hide !== true)
        scope.route({
          method,
          url: path,
          schema,
          ...(config && { config }),
          exposeHeadRoute: false,
          handler: () => {},
        });
  });
  await app.ready();
  return {
    describe,
    async getPage(path, headers) {
      // a path such as /docs/../v1 is one of the described routes once it is resolved
      if (!/^\/docs(\/|$)/.test(new URL(path, 'http://localhost').pathname)) return null;
      const page = await app.inject({ method: 'GET', url: path, headers });
      if (page.statusCode >= 500) throw new Error(`the page ${path} cannot be made: ${page.body}`);
      if (page.statusCode >= 400) return null;
      const { connection: _, date: __, ...own } = page.headers;
      return {
        status: page.statusCode,
        headers: own,
        body: page.rawPayload.length === 0 ? null : page.rawPayload,
      };
    },
    close: () => app.close(),
  };
}
