import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * Runs a check on each request before its body is read; what it throws is the response. Without a promise for
 * each check: under overload most requests are refused by one of them, and that must cost little.
 */
export function checkEachRequest(app: FastifyInstance, check: (request: FastifyRequest) => void): void {
  app.addHook('onRequest', (request, _reply, next) => {
    try {
      check(request);
    } catch (error) {
      next(error as Error);
      return;
    }
    next();
  });
}
