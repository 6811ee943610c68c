import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { UnrollError } from '../../../src/errors.ts';
import { setErrorHandlers } from '../../../src/http/plugins/errors.ts';
import { logRequests } from '../../../src/http/plugins/request-log.ts';
import { refuseEarly } from '../../../src/http/plugins/refuse-early.ts';
import { fakeContext, models } from '../../tasks/fake-context.ts';

const app = { current: fastify() };
afterEach(() => app.current.close());

/** An app whose routes count the bodies they read. */
function serve(overload: () => UnrollError | null) {
  const context = fakeContext(models.classify(), { overload });
  const server = (app.current = fastify());
  let bodies = 0;
  server.addHook('preParsing', async () => void bodies++);
  setErrorHandlers(server);
  logRequests(server);
  refuseEarly(server, context);
  for (const url of ['/v1/models/:model/classify', '/v1/sessions'])
    server.post(url, async () => ({ ok: true }));
  const send = (url: string) => server.inject({ method: 'POST', url, payload: { input: 'a' } });
  return { send, context, bodies: () => bodies };
}
const full = () => new UnrollError('overloaded', 'the queue is full', { retryAfterSeconds: 7 });

describe('an overloaded model', () => {
  it('rejects a request before its body is read, with a retry time', async () => {
    const { send, bodies, context } = serve(full);
    const reply = await send(`/v1/models/${models.classify().name}/classify`);
    expect([reply.statusCode, reply.headers['retry-after'], bodies()]).toEqual([503, '7', 0]);
    expect(reply.json()).toMatchObject({ code: 'overloaded' });
    expect(context.leases()).toBe(0);
  });

  it('does not affect other routes and unknown models', async () => {
    const { send } = serve(full);
    expect((await send('/v1/sessions')).statusCode).toBe(200);
    expect((await send('/v1/models/nobody/classify')).statusCode).toBe(200);
  });

  it('accepts requests again when there is capacity', async () => {
    const { send, bodies } = serve(() => null);
    expect((await send(`/v1/models/${models.classify().name}/classify`)).statusCode).toBe(200);
    expect(bodies()).toBe(1);
  });
});
