import { connectRedis, type RedisConnection } from '../../../src/redis/connect.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

export interface TestRedis {
  readonly server: RedisServer;
  readonly connection: RedisConnection;
  stop(): Promise<void>;
}

/** A Redis server of a test file's own, and a connection that is ready. */
export async function openTestRedis(): Promise<TestRedis> {
  const server = await startRedis();
  const log = { info() {}, error() {} };
  const connection = await connectRedis({ url: server.url, purpose: 'test', log });
  if (connection.outage() !== null)
    await new Promise<void>((resolve) => void connection.client.once('ready', () => resolve()));
  return {
    server,
    connection,
    async stop() {
      await connection.close();
      await server.stop();
    },
  };
}
