import type { FastifyInstance } from 'fastify';
import { isIP } from 'node:net';
import { UnrollError } from '../../errors.ts';
import { checkEachRequest } from './check-each-request.ts';

/**
 * RFC 9112, 3.2: a name, an IPv4 address or an IPv6 address in brackets, and a port; empty if the target has
 * no authority.
 */
const host = /^([\w.~!$&'()*+,;=%-]*|\[[\da-fA-F:.]+\])(?::\d{0,5})?$/;

/**
 * Rejects with 400 a request with several Host headers, which a proxy may interpret differently, or with an
 * invalid one; and with 403 one for a name that is not served.
 * @param names the names that are served, besides addresses, localhost and names without a dot; null for any
 */
export function checkHost(app: FastifyInstance, names: readonly string[] | null): void {
  checkEachRequest(app, ({ raw: { rawHeaders, headers } }) => {
    let count = 0;
    for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]!.toLowerCase() === 'host') count++;
    if (count > 1)
      return new UnrollError('malformed_http', `host: must be given once, was given ${count} times`);
    const name = host.exec(headers.host ?? '')?.[1];
    if (name === undefined)
      return new UnrollError('malformed_http', 'host: must be a host and, optionally, a port');
    return names === null || isLocal(name) || names.includes(name.toLowerCase())
      ? null
      : new UnrollError(
          'host_not_served',
          `host: this server answers to localhost, addresses and names without a dot, not to ${JSON.stringify(name)}; UNROLL_PUBLIC_URL adds a name`,
        );
  });
}

/**
 * Whether a page cannot have been loaded from this host by another server: a name is rebound to the loopback
 * address by whoever owns it; an address, `localhost` and a name of the local network, without a dot, belong to no
 * stranger.
 */
const isLocal = (name: string): boolean =>
  name === '' || name.startsWith('[') || isIP(name) !== 0 || /^([^.]+|.+\.localhost)\.?$/i.test(name);
