import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { ServerError, UnreachableError, type Problem } from './server-error.ts';

/** Sends a request to a server, or to one in this process. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A server's calls. @throws ServerError for what it refuses, UnreachableError */
export interface ServerClient {
  /** Where the server is, for messages. */
  readonly name: string;
  /** @returns the JSON of the reply */
  call<T>(method: Method, path: string, body?: object): Promise<T>;
  text(path: string): Promise<string>;
  download(path: string): Promise<Uint8Array>;
  /** @param type the content type of the bytes */
  upload<T>(method: Method, path: string, bytes: Uint8Array<ArrayBuffer>, type?: string): Promise<T>;
  /** Sends lines of requests, and yields the lines of the reply as they arrive. */
  lines(path: string, body: ReadableStream<Uint8Array>): AsyncGenerator<string>;
  /** The events of a reply as they arrive; an `error` event is thrown. */
  stream(path: string, body: object): AsyncGenerator<ReplyEvent>;
}

export interface ReplyEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export function createServerClient(name: string, send: Send): ServerClient {
  const request = async (method: Method, path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await send(path, { method, ...init });
    if (!response.ok) throw new ServerError(response.status, await readProblem(response));
    return response;
  };
  const jsonBody = (body?: object): RequestInit =>
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return {
    name,
    call: async <T>(method: Method, path: string, body?: object) =>
      (await (await request(method, path, jsonBody(body))).json()) as T,
    text: async (path) => (await request('GET', path)).text(),
    download: async (path) => new Uint8Array(await (await request('GET', path)).arrayBuffer()),
    upload: async <T>(
      method: Method,
      path: string,
      bytes: Uint8Array<ArrayBuffer>,
      type = 'application/octet-stream',
    ) => {
      const headers = { 'content-type': type };
      return (await (await request(method, path, { headers, body: bytes })).json()) as T;
    },
    async *lines(path, body) {
      const headers = { 'content-type': 'application/x-ndjson' };
      yield* readLines(await request('POST', path, { headers, body, duplex: 'half' }));
    },
    async *stream(path, body) {
      const response = await request('POST', path, jsonBody({ ...body, stream: true }));
      for await (const { event = 'message', data } of readEvents(response)) {
        const json = JSON.parse(data) as Record<string, unknown> & Problem & { readonly status?: number };
        if (event === 'error') throw new ServerError(json.status ?? 500, json);
        yield { event, data: json };
      }
    },
  };
}

async function* readEvents(response: Response): AsyncGenerator<EventSourceMessage> {
  const decoder = new TextDecoder();
  let waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => void waiting.push(message) });
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* waiting;
    waiting = [];
  }
}

async function* readLines(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return { detail: `the server replied with status ${response.status}: ${text.slice(0, 200)}` };
  }
}

/** Sends requests to the server at a URL. @param key empty for none */
export const sendTo =
  (url: string, key: string): Send =>
  async (path, init) => {
    const headers = new Headers(init?.headers);
    if (key !== '') headers.set('authorization', `Bearer ${key}`);
    try {
      return await fetch(url + path, { ...init, headers });
    } catch (error) {
      const { cause } = error as { readonly cause?: NodeJS.ErrnoException };
      const reason = cause?.code ?? cause?.message ?? (error as Error).message;
      throw new UnreachableError(`there is no server at ${url} (${reason})`, { cause: error });
    }
  };
