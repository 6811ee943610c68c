import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { watchEventLoopDelay } from '../../telemetry/event-loop-delay.ts';
import { isProbe } from '../probes.ts';

/** Answers 503 while the event loop runs later than `mostMs`, on every route but those that ask whether the server is well. */
export function guardEventLoop(app: FastifyInstance, mostMs: number): void {
  const delay = watchEventLoopDelay();
  app.addHook('onClose', async () => delay.stop());
  app.addHook('onRequest', async ({ routeOptions: { url } }) => {
    if (delay.ms > mostMs && !isProbe(url))
      throw new UnrollError('overloaded', 'the event loop lags behind', { retryAfterSeconds: 1 });
  });
}
