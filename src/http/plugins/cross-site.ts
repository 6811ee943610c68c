import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { isWebSocket } from '../websocket.ts';
import { checkEachRequest } from './check-each-request.ts';

// A browser lets any page send "simple" requests (Fetch standard, 2.2.2 and 4.8: POST with the content type
// of a form, and no other header) to any server without asking it first; only the reply is kept from the page.

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const simpleType = /^\s*(text\/plain|multipart\/form-data|application\/x-www-form-urlencoded)\s*(;|$)/i;

/**
 * Refuses WebSockets, and requests that change something, when they come from a page of another origin and the browser did not
 * ask before. Programs send neither Origin nor Sec-Fetch-Site and are not concerned.
 * @param corsOrigin whose pages may send anything; `*` is all
 * @param publicOrigin the server's own, where a proxy changes the Host header
 */
export function refuseCrossSite(
  app: FastifyInstance,
  { corsOrigin, publicOrigin }: { readonly corsOrigin: string; readonly publicOrigin: string | null },
): void {
  checkEachRequest(app, (request) => {
    // a browser asks nobody before it connects a WebSocket, and lets its page read everything
    const connects = isWebSocket(request.raw.headers);
    if ((safeMethods.has(request.method) && !connects) || !isFromOtherSite(request, publicOrigin))
      return null;
    const { origin } = request.headers;
    if (corsOrigin === '*' || (origin !== undefined && origin === corsOrigin)) return null;
    if (connects)
      return new UnrollError(
        'cross_site',
        `a page of ${origin ?? 'another site'} may not connect; UNROLL_CORS_ORIGIN allows the pages of an origin`,
      );
    if (wasPreflighted(request)) return null;
    return new UnrollError(
      'cross_site',
      `a page of ${origin ?? 'another site'} may not send this without a content type other than that of a form, or the header x-requested-with; UNROLL_CORS_ORIGIN allows the pages of an origin`,
    );
  });
}

function isFromOtherSite({ raw: { headers } }: FastifyRequest, publicOrigin: string | null): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  if (origin === undefined || origin === publicOrigin) return false;
  return !URL.canParse(origin) || new URL(origin).host !== headers.host;
}

/** Whether a browser sends this to another origin only once that has allowed it. */
const wasPreflighted = ({ method, raw: { headers } }: FastifyRequest): boolean =>
  method !== 'POST' ||
  headers['x-requested-with'] !== undefined ||
  headers['x-api-key'] !== undefined ||
  // not Basic, which a browser adds by itself
  /^bearer /i.test(headers.authorization ?? '') ||
  (headers['content-type'] !== undefined && !simpleType.test(headers['content-type']));
