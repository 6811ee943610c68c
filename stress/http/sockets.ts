import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

// Clients that disconnect early or read slowly.

function sendRaw(port: number, path: string, body: object): Socket {
  const payload = Buffer.from(JSON.stringify(body));
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
      `content-length: ${payload.length}\r\nconnection: close\r\n\r\n`,
  );
  socket.write(payload);
  return socket;
}

export async function hangUp(port: number, path: string, body: object, afterMs: number): Promise<void> {
  const socket = sendRaw(port, path, body);
  await delay(afterMs);
  socket.destroy();
}

/** Reads a stream to its end, with a pause after each piece. @returns the body without chunk sizes */
export async function readSlowly(port: number, path: string, body: object, pauseMs: number): Promise<string> {
  const socket = sendRaw(port, path, body);
  const pieces: Buffer[] = [];
  for await (const piece of socket) {
    pieces.push(piece as Buffer);
    await delay(pauseMs);
  }
  const [head = '', ...rest] = Buffer.concat(pieces).toString('latin1').split('\r\n\r\n');
  const payload = rest.join('\r\n\r\n');
  const plain = /transfer-encoding: chunked/i.test(head) ? joinChunks(payload) : payload;
  return Buffer.from(plain, 'latin1').toString();
}

function joinChunks(payload: string): string {
  let text = '';
  for (let at = 0; ;) {
    const end = payload.indexOf('\r\n', at);
    const size = Number.parseInt(payload.slice(at, end), 16);
    if (end < 0 || !(size > 0)) return text;
    text += payload.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}
