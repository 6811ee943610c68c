import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { watchEventLoopDelay } from '../../telemetry/event-loop-delay.ts';
import { isProbe } from '../probes.ts';
import { checkEachRequest } from './check-each-request.ts';

/**
 * Rejects requests with 503 while the event loop is delayed by more than `maxDelayMs`, except health and
 * metrics.
 */
export function guardEventLoop(app: FastifyInstance, maxDelayMs: number): void {
  const delay = watchEventLoopDelay();
  app.addHook('onClose', async () => delay.stop());
  checkEachRequest(app, ({ routeOptions: { url } }) =>
    delay.ms > maxDelayMs && !isProbe(url)
      ? new UnrollError('overloaded', `the event loop is delayed by more than ${maxDelayMs} ms`, {
          retryAfterSeconds: 1,
        })
      : null,
  );
}
