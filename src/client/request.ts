import type { Operations } from './api.ts';
import { readError, UnrollError } from './error.ts';
import { operations } from './operations.ts';

export interface ClientOptions {
  /**
   * Of the server, with the prefix of a proxy if there is one: `http://127.0.0.1:8080`. In a page that the server's own
   * origin serves, a path or nothing.
   */
  readonly url: string;
  /** An API key. */
  readonly key?: string | undefined;
  /**
   * How often a call is made again that was refused with 429 or 503 and a time to try again; 0 by default. Nothing
   * of such a call has run.
   */
  readonly retries?: number | undefined;
  /** In place of the global one. */
  readonly fetch?: typeof fetch | undefined;
}

export interface CallOptions {
  /** Ends the call, or its stream, and frees what it holds in the server. */
  readonly signal?: AbortSignal | undefined;
}

/** A body that is not JSON. */
export interface Upload {
  readonly type: string;
  readonly data: string | Uint8Array | Blob | ReadableStream<Uint8Array>;
}

export interface CallRequest {
  readonly path?: Readonly<Record<string, string | number>> | undefined;
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: unknown;
  readonly upload?: Upload;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes a call. @returns a response of 2xx. @throws UnrollError, or the signal's reason */
export type Send = (
  operation: keyof Operations,
  request: CallRequest,
  options?: CallOptions,
) => Promise<Response>;

/** @throws TypeError for a URL that is none */
export function createSend({ url, key, retries = 0, fetch: send = fetch }: ClientOptions): Send {
  if (!/^(https?:\/\/[^/]|\/|$)/.test(url))
    throw new TypeError(`url: must be http://host:port or https://…, was "${url}"`);
  const root = url.replace(/\/+$/, '');
  return async (operation, request, { signal } = {}) => {
    const [method, template] = operations[operation];
    const address = root + toPath(template, request.path ?? {}) + toQuery(request.query ?? {});
    const init = { ...toInit(request, signal), method, ...(signal && { signal }) };
    const headers = { ...init.headers, ...(key !== undefined && { authorization: `Bearer ${key}` }) };
    // a stream can be sent once
    let left = request.upload?.data instanceof ReadableStream ? 0 : retries;
    for (;;) {
      const response = await receive(
        () => send(address, { ...init, headers }),
        'connection_failed',
        signal,
        root,
      );
      if (response.ok) return response;
      const error = await readError(response);
      signal?.throwIfAborted();
      const again = error.status === 429 || error.status === 503;
      if (left-- <= 0 || !again || error.retryAfter === undefined) throw error;
      await wait(error.retryAfter * 1000, signal);
    }
  };
}

/**
 * Waits for a part of a reply.
 * @param server its URL, for the message; empty in a page of its own
 * @throws UnrollError with `code`, or the signal's reason
 */
export async function receive<T>(
  part: () => Promise<T>,
  code: 'connection_failed' | 'connection_lost',
  signal: AbortSignal | undefined,
  server = '',
): Promise<T> {
  try {
    return await part();
  } catch (error) {
    signal?.throwIfAborted();
    const { message, cause } = error as Error & { readonly cause?: { message?: string; code?: string } };
    // fetch says why in its cause, and where a name has several addresses in the code alone
    const reason = cause?.message || cause?.code || message;
    const what =
      code === 'connection_failed'
        ? `no reply from ${server || 'the server'}`
        : 'the connection was cut before the end of the reply';
    throw new UnrollError({ code, detail: `${what}: ${reason}`, cause: error });
  }
}

/** @throws TypeError for a part that would lead to another route */
const toPath = (template: string, values: NonNullable<CallRequest['path']>): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(values[name] ?? '');
    if (['', '.', '..'].includes(value)) throw new TypeError(`${name}: must be a name, was "${value}"`);
    return encodeURIComponent(value);
  });

function toQuery(values: NonNullable<CallRequest['query']>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}

function toInit(
  { body, upload, headers = {} }: CallRequest,
  signal: AbortSignal | undefined,
): RequestInit & { headers: Record<string, string> } {
  if (upload)
    return {
      headers: { ...headers, 'content-type': upload.type },
      body: untilAborted(upload.data, signal) as NonNullable<RequestInit['body']>,
      // fetch asks for it where the body is a stream
      ...(upload.data instanceof ReadableStream && { duplex: 'half' }),
    };
  if (body === undefined) return { headers: { ...headers } };
  return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Node's fetch would read the rest of a stream after the signal. */
const untilAborted = (data: Upload['data'], signal: AbortSignal | undefined): Upload['data'] =>
  data instanceof ReadableStream && signal
    ? data.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal })
    : data;

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
