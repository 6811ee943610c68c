import type { Answer, Operation } from './operation.ts';
import { modelName } from './oracle.ts';

const timeoutMs = 20_000;
const json = { 'content-type': 'application/json' };

/** Whose sessions they are. */
export interface Owner {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends a call to a session. Never rejects. */
export async function send(
  port: number,
  { headers }: Owner,
  id: string,
  operation: Operation,
): Promise<Answer> {
  const { method, path, body, type } = toRequest(id, operation);
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/v1/sessions${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && (type ?? json)) },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const bytes = Buffer.from(await reply.arrayBuffer());
    return toAnswer(reply.status, reply.headers.get('content-type') ?? '', bytes);
  } catch {
    return null;
  }
}

function toAnswer(status: number, type: string, bytes: Buffer): Answer {
  if (type.startsWith('application/octet-stream')) return { status, code: null, body: {}, bytes };
  const text = bytes.toString();
  if (type.startsWith('text/event-stream')) {
    const [, event, data] = /event: (done|error)\ndata: (.*)\n\n$/.exec(text) ?? [];
    // cut off: its server was killed
    if (data === undefined) return null;
    const body = JSON.parse(data) as Record<string, unknown>;
    return { status, code: event === 'error' ? String(body['code']) : null, body, bytes };
  }
  const body = JSON.parse(text) as Record<string, unknown>;
  return { status, code: status === 200 ? null : String(body['code']), body, bytes };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly type?: Readonly<Record<string, string>>;
}

function toRequest(id: string, operation: Operation): Request {
  const post = (path: string, body: object): Request => ({
    method: 'POST',
    path,
    body: JSON.stringify(body),
  });
  switch (operation.kind) {
    case 'begin': {
      const { durable, keepSteps } = operation;
      return post('', { model: modelName, id, durable, keep_steps: keepSteps });
    }
    case 'steps': {
      const { rows: input, position, stream } = operation;
      return post(`/${id}/steps`, { input, stream, return: stream ? undefined : 'each', position });
    }
    case 'show':
      return { method: 'GET', path: `/${id}` };
    case 'delete':
      return { method: 'DELETE', path: `/${id}` };
    case 'fork':
      return post(`/${id}/fork`, { count: 1 });
    case 'mark':
      return post(`/${id}/marks`, { name: operation.name });
    case 'unmark':
      return { method: 'DELETE', path: `/${id}/marks/${operation.name}` };
    case 'rewind':
      return post(`/${id}/rewind`, operation.to);
    case 'snapshot':
      return { method: 'GET', path: `/${id}/snapshot` };
    case 'restore':
      return {
        method: 'PUT',
        path: `/${id}/snapshot`,
        body: Uint8Array.from(operation.snapshot.bytes),
        type: { 'content-type': 'application/octet-stream' },
      };
  }
}
