import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';

/**
 * Sets helmet's headers on every reply. They are the same for all, so helmet is asked for them once: @fastify/helmet makes
 * a chain of functions for each request, after which V8 grows the young generation to its limit.
 */
export function setSecurityHeaders(app: FastifyInstance): void {
  const headers = securityHeaders();
  app.addHook('onRequest', (_, reply, next) => {
    reply.headers(headers);
    next();
  });
}

/**
 * Without a content policy, which only the documentation page has, and without transport security, which whoever ends TLS
 * in front of this server sets.
 */
function securityHeaders(): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => void (headers[name.toLowerCase()] = value),
    removeHeader: () => {},
  };
  const middleware = helmet({ contentSecurityPolicy: false, strictTransportSecurity: false });
  middleware({} as Parameters<typeof middleware>[0], response as never, () => {});
  return headers;
}
