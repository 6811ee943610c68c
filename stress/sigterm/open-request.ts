import { connect } from 'node:net';

/** How one request ended. */
export interface Ending {
  readonly kind: 'last event' | 'whole reply' | 'refused' | 'reset' | 'cut off';
  /** The last event's name, or the status. */
  readonly detail: string;
  readonly keepsAlive: boolean;
}

export interface OpenRequest {
  /** The request has left this process. */
  readonly sent: Promise<void>;
  /** The head of the reply has arrived. */
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
    // a plain reply is whole: the connection may stay open
    if (isWhole(head)) socket.end();
  });
  socket.on('error', (error) => (failure = error));
  const ended = new Promise<Ending>((resolve) => {
    socket.on('close', () => resolve(endingOf(head, tail, failure)));
  });
  return { sent, headReceived: () => head.includes('\r\n\r\n'), ended };
}

const lengthOf = (head: string): number => Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? NaN);
function isWhole(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  return end >= 0 && received.length - end - 4 >= lengthOf(received);
}

function endingOf(head: string, tail: string, failure: NodeJS.ErrnoException | null): Ending {
  const status = /^HTTP\/1.1 (\d+)/.exec(head)?.[1] ?? 'nothing';
  const keepsAlive = !/^connection: close/im.test(head.split('\r\n\r\n')[0]!);
  const code = /"code":"(\w+)"/.exec(tail)?.[1];
  const last = [...tail.matchAll(/^event: (\w+)$/gm)].at(-1)?.[1];
  if (last === 'done' || last === 'error')
    return { kind: 'last event', detail: last === 'done' ? last : `${last} ${code}`, keepsAlive };
  if (isWhole(head)) return { kind: 'whole reply', detail: code ? `${status} ${code}` : status, keepsAlive };
  if (failure?.code === 'ECONNREFUSED') return { kind: 'refused', detail: failure.code, keepsAlive };
  const detail = `${status}, ${failure?.code ?? 'closed'}, after "${tail.slice(-80)}"`;
  return { kind: failure ? 'reset' : 'cut off', detail, keepsAlive };
}
