import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Characters that neither end a line nor a field of any log. */
const validId = /^[\w.:+/=@~-]{1,128}$/;
/** W3C Trace Context: version, trace id, parent id, flags; a later version may append fields. */
const traceparent = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-|$)/;

/** The trace that a request is a part of; null for none. */
export const readTraceId = ({ headers }: Pick<IncomingMessage, 'headers'>): string | null =>
  traceparent.exec(String(headers['traceparent'] ?? ''))?.[1] ?? null;

/** A request's id: that of its caller if it is valid, or of the trace, or a new one. */
export function createRequestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  if (typeof given === 'string' && validId.test(given)) return given;
  return readTraceId(request) ?? randomUUID();
}
