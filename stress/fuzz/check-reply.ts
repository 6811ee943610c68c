import { errorCodes } from '../../src/errors.ts';
import { isOpenaiUrl } from '../../src/http/openai/error.ts';
import type { Report } from '../scenario.ts';
import { parseReplyJson, type Reply } from '../server/request.ts';
import type { RandomRequest } from './random-request.ts';

/** Overload, timeout and full disk: the only server errors that a request may get. */
const allowedFailures = [503, 504, 507];

/** Reports invalid replies. @param before earlier requests on the same connection */
export function checkReply(
  request: RandomRequest,
  reply: Reply,
  before: readonly RandomRequest[],
  report: Report,
): void {
  const { method, operation } = request;
  const { status, error } = reply;
  report.count(String(error ?? status));
  const describe = (): string =>
    [
      describeRequest(request),
      `${status} ${reply.body.slice(0, 300)}`,
      ...(error === null ? [] : before.map((one) => `before it on the connection: ${describeRequest(one)}`)),
    ].join('\n  ');
  const fault = (kind: string): void => report.fault(`${kind}: ${method} ${operation.path}`, describe());
  if (error !== null) {
    // the event stream of a job lasts as long as the job
    if (error === 'TIMEOUT' && status === 200 && operation.path.endsWith('/events')) return;
    return fault(error);
  }
  if (status >= 500 && !allowedFailures.includes(status)) return fault(String(status));
  if (status < 400 || method === 'HEAD') return;
  if (!/json/.test(reply.headers['content-type'] ?? '')) return fault('an error that is not JSON');
  if (!operation.path.startsWith('/v1/')) return;
  const { code, detail } = readError(operation.path, parseReplyJson(reply));
  if (!errorCodes.includes(code as never)) return fault(`an error with the code ${String(code)}`);
  if (typeof detail !== 'string' || detail === '') fault('an error without a detail');
}

/** Of a problem document, or of OpenAI's form on OpenAI's routes. */
function readError(path: string, body: Record<string, unknown>): Record<string, unknown> {
  if (!isOpenaiUrl(path)) return body;
  const { code, message: detail } = (body['error'] ?? {}) as Record<string, unknown>;
  return { code, detail };
}

const describeRequest = ({ method, path, headers, body = '' }: RandomRequest): string =>
  `${method} ${path.slice(0, 200)} ${JSON.stringify(headers)} ${String(body).slice(0, 200)}`;
