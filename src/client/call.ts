import type { Operations } from './api.ts';
import { invalidReply, parseJson, readUntilDone } from './event-stream.ts';
import { operations } from './operations.ts';
import { receive, type CallOptions, type CallRequest, type Send } from './request.ts';

/** What an operation takes. */
export type RequestOf<Id extends keyof Operations> = Pick<
  Operations[Id],
  'path' | 'query' | ('body' & keyof Operations[Id])
>;
/** The body of an operation, without the field that the client's methods set. */
export type BodyOf<Id extends keyof Operations> = Omit<NonNullable<Operations[Id]['body']>, 'stream'>;

/**
 * Calls any operation of the API by its id in the OpenAPI document.
 * @throws UnrollError, or the signal's reason
 */
export type Call = <Id extends keyof Operations>(
  operation: Id,
  request: RequestOf<Id> & Pick<CallRequest, 'upload'>,
  options?: CallOptions,
) => Promise<Operations[Id]['reply']>;

export function createCall(send: Send): Call {
  return async (operation, request, options = {}) => {
    const response = await send(operation, request, options);
    return (await readReply(response, operations[operation][2], options.signal)) as never;
  };
}

async function readReply(
  response: Response,
  kind: 'json' | 'bytes' | 'text',
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (kind === 'bytes')
    return new Uint8Array(await receive(() => response.arrayBuffer(), 'connection_lost', signal));
  const text = await receive(() => response.text(), 'connection_lost', signal);
  if (kind === 'text') return text;
  const type = response.headers.get('content-type') ?? 'none';
  // as a page that a proxy shows in place of the server
  if (!type.startsWith('application/json'))
    throw invalidReply(`content-type: must be application/json, was ${type}`);
  return parseJson(text);
}

/** Calls an operation with `stream: true`, once its events are asked for. */
export type Stream = <Event>(
  operation: keyof Operations,
  request: CallRequest & { readonly body: object },
  options?: CallOptions,
) => AsyncGenerator<Event, void, undefined>;

export function createStream(send: Send): Stream {
  return async function* <Event>(
    operation: keyof Operations,
    { body, ...request }: CallRequest & { readonly body: object },
    options: CallOptions = {},
  ) {
    const response = await send(operation, { ...request, body: { ...body, stream: true } }, options);
    yield* readUntilDone(response, options.signal) as AsyncGenerator<Event, void, undefined>;
  };
}
