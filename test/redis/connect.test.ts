import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/redis/connect.ts';
import { until } from '../e2e/start-process.ts';
import { describeWhere } from '../support/needs.ts';
import { hasRedis, missingRedis, startRedis, type RedisServer } from '../support/redis-server.ts';

describeWhere(hasRedis, missingRedis, 'a connection to Redis', () => {
  let server: RedisServer;
  const opened: RedisConnection[] = [];
  beforeEach(async () => {
    server = await startRedis(['--requirepass', 'secret']);
  });
  afterEach(async () => {
    for (const connection of opened.splice(0)) await connection.close();
    await server.stop();
  });
  const open = async (password = 'secret') => {
    const lines: string[] = [];
    const add = (level: string) => (fields: object, message: string) =>
      void lines.push(`${level}: ${message} ${JSON.stringify(fields)}`);
    const url = server.url.replace('//', `//:${password}@`);
    const log = { info: add('info'), error: add('error') };
    const connection = await connectRedis({ url, purpose: 'test', log });
    opened.push(connection);
    return { connection, lines };
  };

  it('refuses commands at once while Redis is gone, and is used again without being opened again', async () => {
    const { connection, lines } = await open();
    await until(() => connection.outage() === null);
    expect(await connection.client.set('key', 'value')).toBe('OK');
    await server.kill();
    await until(() => connection.outage() !== null);
    expect(connection.outage()).toMatch(/^Redis \(UNROLL_REDIS_URL\) cannot be reached: /);
    await expect(connection.client.get('key')).rejects.toThrow(/writeable|Connection is closed/);
    // some attempts to connect fail
    await delay(500);
    await server.restart();
    await until(() => connection.outage() === null);
    expect(await connection.client.get('key')).toBe('value');
    expect(lines.map((line) => line.split(':')[0])).toEqual(['error', 'info']);
  });

  it('says that a password is wrong, once and without it', async () => {
    const { connection, lines } = await open('wrong-password');
    const reason = await until(() => {
      const text = connection.outage();
      return text?.includes('WRONGPASS') || text?.includes('NOAUTH') ? text : null;
    });
    await delay(500);
    await expect(connection.client.get('key')).rejects.toThrow(/NOAUTH|WRONGPASS|writeable|closed/);
    expect(connection.outage()).not.toBeNull();
    expect(lines).toHaveLength(1);
    expect(`${reason} ${lines.join(' ')}`).not.toContain('wrong-password');
  });
});
