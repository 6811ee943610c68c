import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';

/**
 * Asks for the body of a request with `Expect: 100-continue` once its headers are accepted: what is refused
 * because of them is refused before it is sent. Node closes the connection after a refusal.
 */
export function expectContinue(app: FastifyInstance): void {
  for (const event of ['checkContinue', 'checkExpectation'])
    app.server.on(event, (request, response) => void app.server.emit('request', request, response));
  // after every hook that may refuse the request
  app.addHook('preParsing', ({ raw: { headers }, routeOptions: { bodyLimit } }, reply, _payload, next) => {
    if (headers.expect === undefined) return next();
    if (Number(headers['content-length'] ?? 0) > bodyLimit)
      return next(new UnrollError('body_too_large', `body: at most ${bodyLimit} bytes`));
    // other expectations may be ignored (RFC 9110, 10.1.1)
    if (/100-continue/i.test(headers.expect)) reply.raw.writeContinue();
    // the body is being sent from now on
    delete headers.expect;
    next();
  });
}
