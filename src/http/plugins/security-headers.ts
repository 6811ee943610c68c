import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';

/**
 * Sets helmet's headers on every reply. They are computed once: @fastify/helmet creates a chain of functions
 * for each request, after which V8 grows the young generation to its limit.
 */
export function setSecurityHeaders(app: FastifyInstance): void {
  const headers = computeSecurityHeaders();
  app.addHook('onRequest', (_, reply, next) => {
    reply.headers(headers);
    next();
  });
}

/**
 * Computes helmet's headers without a content policy, which only the documentation page has, and without
 * transport security, which the TLS proxy in front of this server sets.
 */
function computeSecurityHeaders(): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => void (headers[name.toLowerCase()] = value),
    removeHeader: () => {},
  };
  const middleware = helmet({ contentSecurityPolicy: false, strictTransportSecurity: false });
  middleware({} as Parameters<typeof middleware>[0], response as never, () => {});
  return headers;
}
