import { version } from '../version.ts';
import { parsePublicUrl } from './public-url.ts';
import type { Route } from './route.ts';

const links = {
  documentation: '/docs',
  openapi: '/openapi.json',
  models: '/v1/models',
  metrics: '/metrics',
  health: '/v2/health/ready',
};

/** The page has no script, and nothing to load. */
const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Where somebody begins who knows only the server's address: a page for browsers, JSON for others. */
export const homeRoute: Route = (scope, { options }) => {
  const { prefix } = parsePublicUrl(options.publicUrl);
  const paths = Object.entries(links).map(([name, path]) => [name, prefix + path] as const);
  const json = { name: 'unroll', version, ...Object.fromEntries(paths) };
  const page = formatPage(paths);
  scope.get('/', { config: { access: 'open' }, schema: { hide: true } }, async (request, reply) => {
    void reply.header('vary', 'accept');
    if (request.headers.accept?.includes('text/html') !== true) return json;
    return reply.type('text/html; charset=utf-8').header('content-security-policy', contentPolicy).send(page);
  });
};

const formatPage = (paths: readonly (readonly [name: string, path: string])[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Unroll</title>
<style>
  body { font: 1.1rem/1.6 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem; color-scheme: light dark; }
</style>
<h1>Unroll ${version}</h1>
<p>A server for trained recurrent networks.</p>
<ul>
${paths.map(([name, path]) => `  <li><a href="${path}">${name}</a> <code>${path}</code></li>`).join('\n')}
</ul>
</html>
`;
