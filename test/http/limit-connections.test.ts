import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { limitConnections, computeMaxConnections } from '../../src/http/limit-connections.ts';
import { until } from '../e2e/server-process.ts';

describe('the number of connections', () => {
  it.each([
    // open, limit, connections
    [40, 64, 8],
    [40, 128, 56],
    [40, 1024, 728],
    [40, 1_048_576, 1_048_280],
    [40, 48, 4],
    [40, Infinity, Infinity],
  ])('is limited with %i open descriptors of %i to %i', (open, limit, connections) => {
    expect(computeMaxConnections(open, limit)).toBe(connections);
  });
});

describe('a server', () => {
  const server = createServer();
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it('closes connections over its limit, counts them, and logs the first', async () => {
    const lines: object[] = [];
    let open = 0;
    server.on('connection', (socket) => {
      open++;
      socket.once('close', () => open--);
    });
    const connections = {
      get open() {
        return open;
      },
    };
    const limit = limitConnections(server, { connections, log: { warn: (fields) => lines.push(fields) } });
    limit.update({ open: 40, limit: 48 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const sockets = Array.from({ length: 10 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    await until(() => limit.refused === 6);
    expect(limit.full).toBe(true);
    expect(lines).toEqual([{ limit: 4, open: 4 }]);
    for (const socket of sockets) socket.destroy();
    await until(() => !limit.full);
  });

  it('survives a connection that cannot be accepted', () => {
    const lines: object[] = [];
    const log = { warn: (fields: object) => void lines.push(fields) };
    const limit = limitConnections(server, { connections: { open: 1 }, log });
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', syscall: 'accept' }));
    expect(limit.refused).toBe(1);
    expect(lines).toHaveLength(1);
  });
});
