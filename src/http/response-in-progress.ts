import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Not in node's documentation, but where its own handlers of such events find it: they know the socket alone. */
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/** The response that is being written to a connection, if any. */
export const findResponse = (socket: Socket): ServerResponse | null => {
  const { _httpMessage: response = null } = socket as HttpSocket;
  return response;
};
