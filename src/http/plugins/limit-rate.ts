import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { isProbe } from '../probes.ts';

/** Limits the requests of a minute by key, or by address where there is none; not those of probes. */
export async function limitRate(app: FastifyInstance, perMinute: number): Promise<void> {
  if (perMinute === 0) return;
  await app.register(rateLimit, {
    max: perMinute,
    timeWindow: '1 minute',
    keyGenerator: ({ caller, ip }) =>
      typeof caller?.name === 'string' ? `key ${caller.name}` : normalizeIP(ip),
    allowList: (request) => isProbe(request.routeOptions.url),
    errorResponseBuilder: (_, { max, ttl }) =>
      new UnrollError('rate_limited', `at most ${max} requests per minute`, {
        retryAfterSeconds: Math.ceil(ttl / 1000),
      }),
  });
}
