import { expect, it } from 'vitest';
import { receiveChanges, toMessage, type ChangeMessage } from '../../../src/jobs/redis/changes.ts';
import { keys } from '../../../src/jobs/redis/keys.ts';
import { connectRedis } from '../../../src/redis/connect.ts';
import { describeWhere } from '../../support/needs.ts';
import { hasRedis, missingRedis } from '../../support/redis-server.ts';
import { openTestRedis } from './test-redis.ts';

describeWhere(hasRedis, missingRedis, 'messages of other processes', () => {
  it.each(['before', 'after'])(
    'are received by a connection that is ready %s they are asked for',
    async (when) => {
      const redis = await openTestRedis();
      const log = { info() {}, error() {} };
      const subscriber = await connectRedis({ url: redis.server.url, purpose: 'changes', log });
      if (when === 'before' && subscriber.outage() !== null)
        await new Promise<void>((resolve) => void subscriber.client.once('ready', () => resolve()));
      const received = Promise.withResolvers<ChangeMessage>();
      const message = { kind: 'event', job: 'job_1' } as const;
      receiveChanges(subscriber.client, received.resolve, () => {
        void redis.connection.client.publish(keys.changes, toMessage(message));
      });
      expect(await received.promise).toEqual(message);
      await subscriber.close();
      await redis.stop();
    },
  );
});
