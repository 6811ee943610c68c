import { createServer, request, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { takeOverChunks } from '../../src/http/chunked-body.ts';

const pieces = ['data: plain\n\n', 'data: é 漢 🐋\n\n', '', 'data: é\n\n'];

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function serve(answer: (response: ServerResponse) => void): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    answer(response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const writePieces = (response: ServerResponse): void => {
  const body = takeOverChunks(response);
  for (const piece of pieces) body.write(piece);
  body.end();
};

/** All that the server sends until it closes the connection. */
const readRaw = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = '';
    connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (piece) => (received += piece))
      .on('end', () => resolve(received))
      .on('error', reject)
      .write(text);
  });
const head = (version: string, more = ''): string => `GET / HTTP/${version}\r\nhost: local\r\n${more}\r\n`;

describe('a body in chunks', () => {
  test('reaches a client as it was written, with all its characters', async () => {
    const port = await serve(writePieces);
    const text = await fetch(`http://127.0.0.1:${port}`).then((reply) => reply.text());
    expect(text).toBe(pieces.join(''));
  });

  test('counts bytes, not characters, and has no empty chunk, which would end it', async () => {
    const raw = await readRaw(await serve(writePieces), head('1.1', 'connection: close\r\n'));
    const [, chunks] = raw.split(/\r\n\r\n(.*)/s);
    expect(chunks).toBe('d\r\ndata: plain\n\n\r\n13\r\ndata: é 漢 🐋\n\n\r\na\r\ndata: é\n\n\r\n0\r\n\r\n');
  });

  test('is sent without chunks to a client of HTTP/1.0', async () => {
    const raw = await readRaw(await serve(writePieces), head('1.0'));
    expect(raw.split('\r\n\r\n')[1]).toBe(pieces.join(''));
    expect(raw).not.toMatch(/transfer-encoding/i);
  });

  test('leaves the connection ready for the next request, which may have come before', async () => {
    const port = await serve(writePieces);
    const raw = await readRaw(port, head('1.1') + head('1.1', 'connection: close\r\n'));
    expect(raw.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(raw.match(/\r\n0\r\n\r\n/g)).toHaveLength(2);
  });

  test('a response that is destroyed before its end is an error for the client', async () => {
    const port = await serve((response) => {
      takeOverChunks(response).write('data: begun\n\n');
      setTimeout(() => response.destroy(), 20);
    });
    const error = await new Promise((resolve) =>
      request({ port }, (reply) => reply.on('error', resolve).resume()).end(),
    );
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });
});
