import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { addressOf } from './request-log.ts';
import { isProbe } from '../probes.ts';

/** Limits the requests of a minute by key, or by address where there is none; not those of probes. */
export async function limitRate(app: FastifyInstance, perMinute: number): Promise<void> {
  if (perMinute === 0) return;
  await app.register(rateLimit, {
    max: perMinute,
    timeWindow: '1 minute',
    keyGenerator: (request) =>
      typeof request.caller?.name === 'string'
        ? `key ${request.caller.name}`
        : normalizeIP(addressOf(request)),
    allowList: (request) => isProbe(request.routeOptions.url),
    errorResponseBuilder: (_, { max, ttl }) =>
      new UnrollError('rate_limited', `at most ${max} requests per minute`, {
        retryAfterSeconds: Math.ceil(ttl / 1000),
      }),
  });
}
