import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

// WebSockets (RFC 6455). A page in a browser can set no header of one but its subprotocols, so an API key may be
// among these: it is neither in the URL, which is logged, nor ever sent back.

/** The subprotocol that the server chooses. */
export const subprotocol = 'unroll';
const keyPrefix = 'unroll.key.';

/** Whether a request asks for a WebSocket on a route that has one; of others the server ignores it, as it may. */
export const asksForWebSocket = ({ method, url = '', headers }: IncomingMessage): boolean =>
  method === 'GET' && isWebSocket(headers) && /^[^?]*\/stream\/?(\?|$)/.test(url);

export const isWebSocket = ({ upgrade }: IncomingHttpHeaders): boolean =>
  upgrade !== undefined && upgrade.toLowerCase() === 'websocket';

/** The API key among the subprotocols that a client offers. */
export function findProtocolKey(headers: IncomingHttpHeaders): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',') ?? [];
  const found = offered.map((name) => name.trim()).find((name) => name.startsWith(keyPrefix));
  return found?.slice(keyPrefix.length);
}
