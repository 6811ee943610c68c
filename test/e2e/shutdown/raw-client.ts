import { connect, type Socket } from 'node:net';

// A client on bare sockets, which tells a reset from a refusal and sees what other clients hide by trying again.

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Whether the server keeps the connection. */
  readonly kept: boolean;
}
/** How a request ended. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** Nobody listened. */
  | { readonly kind: 'refused' }
  /** The server had closed the connection before the request was sent. */
  | { readonly kind: 'closed' }
  /** The request was sent, and no whole answer came. */
  | { readonly kind: 'reset'; readonly why: string; readonly received: string };

export const postText = (path: string, body: object): string => {
  const json = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
};

export class RawConnection {
  readonly #socket: Socket;
  #received = '';
  #ended: string | null = null;
  #wake: () => void = () => {};
  #connected: Promise<boolean>;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    const end = (why: string): void => {
      this.#ended ??= why;
      this.#wake();
    };
    this.#connected = new Promise((resolve) => {
      this.#socket.once('connect', () => resolve(true));
      this.#socket.once('error', () => resolve(false));
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    this.#socket.on('close', () => end('closed'));
    this.#socket.on('end', () => end('closed'));
  }

  /** Why the connection is over; null while it is open. */
  get ended(): string | null {
    return this.#ended;
  }
  get received(): string {
    return this.#received;
  }

  async request(text: string, wholeStream = false): Promise<Outcome> {
    if (!(await this.#connected)) {
      const why = this.#ended ?? '';
      return why === 'ECONNREFUSED' ? { kind: 'refused' } : { kind: 'reset', why, received: '' };
    }
    if (this.#ended !== null) return { kind: 'closed' };
    this.#received = '';
    this.#socket.write(text, 'latin1');
    for (;;) {
      const answer = readAnswer(this.#received, wholeStream);
      if (answer) return { kind: 'answered', answer };
      if (this.#ended !== null) return { kind: 'reset', why: this.#ended, received: this.#received };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }
  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    while (this.#ended === null) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
  destroy(): void {
    this.#socket.destroy();
  }
}

/** The answer at the start of what was received, or null while it is not whole. */
function readAnswer(received: string, wholeStream: boolean): Answer | null {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = received.slice(0, end);
  const body = received.slice(end + 4);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  const whole =
    length === undefined ? wholeStream && body.endsWith('0\r\n\r\n') : body.length >= Number(length);
  if (!whole) return null;
  return {
    status: Number(/^HTTP\/1.1 (\d+)/.exec(head)![1]),
    head,
    body,
    kept: !/^connection: close$/im.test(head),
  };
}
