import type { FastifyInstance, RouteOptions } from 'fastify';
import type { OpenAPIV3_1 } from 'openapi-types';
import type { DocumentationApp, DocumentationOptions } from './documentation-app.ts';

// The OpenAPI document and its pages at /docs. Their libraries, and the conversion of all schemas, are imported and run
// when somebody first asks: they are a tenth of the main thread's start, and most servers are never asked.

declare module 'fastify' {
  interface FastifyInstance {
    /** The document of the API, with examples that the models answer. */
    describeApi: () => Promise<OpenAPIV3_1.Document>;
  }
}

/** Headers of a request for a page that its reply depends on. */
const pageHeaders = ['if-none-match', 'if-modified-since', 'accept-encoding'] as const;

/** Adds the pages, and describes them and all routes that are added later. */
export function documentation(app: FastifyInstance, options: DocumentationOptions): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  let created: Promise<DocumentationApp> | null = null;
  const create = async (): Promise<DocumentationApp> => {
    const { createDocumentationApp } = await import('./documentation-app.ts');
    return createDocumentationApp(routes, options);
  };
  // one that failed, such as for want of files that may be open, is tried again
  const open = (): Promise<DocumentationApp> =>
    (created ??= create().catch((error: unknown) => {
      created = null;
      throw error;
    }));
  app.decorate('describeApi', async () => (await open()).describe());
  app.addHook('onClose', async () => (await created)?.close());

  for (const url of ['/docs', '/docs/*'])
    app.get(url, { config: { access: 'open' }, schema: { hide: true } }, async (request, reply) => {
      const headers = Object.fromEntries(
        pageHeaders.flatMap((name) =>
          request.headers[name] === undefined ? [] : [[name, request.headers[name]]],
        ),
      );
      const page = await (await open()).getPage(request.url, headers);
      if (page === null) return reply.callNotFound();
      return reply.code(page.status).headers(page.headers).send(page.body);
    });
}
