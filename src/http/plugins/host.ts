import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { checkEachRequest } from './check-each-request.ts';

/**
 * RFC 9112, 3.2: a name, an IPv4 address or an IPv6 address in brackets, and a port; empty if the target has
 * no authority.
 */
const host = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-fA-F:.]+\])(?::\d{0,5})?$/;

/**
 * Rejects with 400 a request with several Host headers, which a proxy may interpret differently, or with an
 * invalid one.
 */
export function checkHost(app: FastifyInstance): void {
  checkEachRequest(app, ({ raw: { rawHeaders, headers } }) => {
    let count = 0;
    for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]!.toLowerCase() === 'host') count++;
    if (count > 1)
      return new UnrollError('malformed_http', `host: must be given once, was given ${count} times`);
    return host.test(headers.host ?? '')
      ? null
      : new UnrollError('malformed_http', 'host: must be a host and, optionally, a port');
  });
}
