import { connect } from 'node:net';

/** The result of one request. */
export interface Ending {
  readonly kind: 'last event' | 'whole reply' | 'refused' | 'reset' | 'cut off';
  /** The last event's name, or the status. */
  readonly detail: string;
  readonly keepsAlive: boolean;
}

export interface OpenRequest {
  /** Fulfilled once the request is sent. */
  readonly sent: Promise<void>;
  /** Whether the head of the reply has arrived. */
  readonly headReceived: () => boolean;
  readonly ended: Promise<Ending>;
}

const tailBytes = 4000;

/** Sends a request on a connection of its own and follows it to the connection's end. */
export function openRequest(port: number, path: string, body: object): OpenRequest {
  const payload = JSON.stringify(body);
  const socket = connect(port, '127.0.0.1');
  const sent = new Promise<void>((resolve) => {
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`,
      () => resolve(),
    );
    socket.on('close', () => resolve());
  });
  let head = '';
  let tail = '';
  let failure: NodeJS.ErrnoException | null = null;
  socket.on('data', (chunk) => {
    const text = chunk.toString('latin1');
    if (!head.includes('\r\n\r\n')) head += text;
    tail = (tail + text).slice(-tailBytes);
    // a complete plain reply: the server may keep the connection open
    if (isComplete(head)) socket.end();
  });
  socket.on('error', (error) => (failure = error));
  const ended = new Promise<Ending>((resolve) => {
    socket.on('close', () => resolve(toEnding(head, tail, failure)));
  });
  return { sent, headReceived: () => head.includes('\r\n\r\n'), ended };
}

const parseLength = (head: string): number => Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? NaN);
function isComplete(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  return end >= 0 && received.length - end - 4 >= parseLength(received);
}

function toEnding(head: string, tail: string, failure: NodeJS.ErrnoException | null): Ending {
  const status = /^HTTP\/1.1 (\d+)/.exec(head)?.[1] ?? 'nothing';
  const keepsAlive = !/^connection: close/im.test(head.split('\r\n\r\n')[0]!);
  const code = /"code":"(\w+)"/.exec(tail)?.[1];
  const last = [...tail.matchAll(/^event: (\w+)$/gm)].at(-1)?.[1];
  if (last === 'done' || last === 'error')
    return { kind: 'last event', detail: last === 'done' ? last : `${last} ${code}`, keepsAlive };
  if (isComplete(head))
    return { kind: 'whole reply', detail: code ? `${status} ${code}` : status, keepsAlive };
  if (failure?.code === 'ECONNREFUSED') return { kind: 'refused', detail: failure.code, keepsAlive };
  const detail = `${status}, ${failure?.code ?? 'closed'}, after "${tail.slice(-80)}"`;
  return { kind: failure ? 'reset' : 'cut off', detail, keepsAlive };
}
