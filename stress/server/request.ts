import http from 'node:http';

export interface Reply {
  /** 0 if no reply arrived. */
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly ms: number;
  /** TIMEOUT, ECONNRESET and so on. */
  readonly error: string | null;
  /** Local port of the connection. */
  readonly localPort: number;
}

export interface RequestOptions {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | undefined;
  readonly agent?: http.Agent;
  readonly timeoutMs?: number;
}

export const createAgent = (maxSockets: number): http.Agent =>
  new http.Agent({ keepAlive: true, maxSockets });

/** Sends one request. Never rejects: failures are in the reply's `error`. */
export function request(port: number, options: RequestOptions): Promise<Reply> {
  const { method = 'GET', path, body, agent, timeoutMs = 60_000 } = options;
  const headers: Record<string, string | number> = { ...options.headers };
  if (body !== undefined) {
    headers['content-type'] ??= 'application/json';
    headers['content-length'] = Buffer.byteLength(body);
  }
  return new Promise((resolve) => {
    const started = performance.now();
    let status = 0;
    let localPort = 0;
    let received: http.IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let finished = false;
    const finish = (error: string | null): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      const text = Buffer.concat(chunks).toString();
      const ms = performance.now() - started;
      resolve({ status, headers: received, body: text, ms, error, localPort });
    };
    const call = http.request({ host: '127.0.0.1', port, method, path, headers, agent }, (reply) => {
      status = reply.statusCode!;
      received = reply.headers;
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => finish(null));
      reply.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
      reply.on('close', () => finish('CUT OFF'));
    });
    call.on('socket', (socket) => {
      const savePort = (): void => void (localPort = socket.localPort ?? 0);
      if (socket.connecting) socket.once('connect', savePort);
      else savePort();
    });
    const timer = setTimeout(() => {
      finish('TIMEOUT');
      call.destroy();
    }, timeoutMs);
    call.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    call.end(body);
  });
}

export const postJson = (port: number, path: string, body: unknown, more: Partial<RequestOptions> = {}) =>
  request(port, { method: 'POST', path, body: JSON.stringify(body), ...more });

/** A reply's JSON, or an empty object if it is not JSON. */
export function parseReplyJson(reply: Reply): Record<string, unknown> {
  try {
    return JSON.parse(reply.body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** A metric summed over its labels; null if it does not exist. */
export async function readMetric(port: number, name: string): Promise<number | null> {
  const { body } = await request(port, { path: '/metrics' });
  const lines = body.split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
  return lines.length === 0
    ? null
    : lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
