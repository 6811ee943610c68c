import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * Runs a check on each request before its body is read; the error that it returns is the response. Without a promise
 * or a throw for each check: under overload most requests are refused by one of them, and that must cost little.
 */
export function checkEachRequest(
  app: FastifyInstance,
  check: (request: FastifyRequest) => Error | null,
): void {
  app.addHook('onRequest', (request, _reply, next) => next(check(request) ?? undefined));
}
