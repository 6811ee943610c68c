import type { FastifyInstance } from 'fastify';
import type { NetworkHandle } from '../../engine/engine-interface.ts';
import type { TaskContext } from '../../tasks/context.ts';

const taskRoute = /^\/v1\/models\/:model\/[a-z]+$/;

/**
 * Refuses a request to a model that has no room before its body is read and validated: most of a refusal's cost, and
 * under overload most requests are refused.
 */
export function refuseEarly(app: FastifyInstance, { engine, repository }: TaskContext): void {
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'POST' || !taskRoute.test(request.routeOptions.url ?? '')) return;
    const network = networkOf(repository, (request.params as { model: string }).model);
    if (network) engine.checkCapacity(network);
  });
}

/** Null for what the route itself refuses, with a reason of its own. */
function networkOf(repository: TaskContext['repository'], reference: string): NetworkHandle | null {
  try {
    const lease = repository.acquire(reference);
    lease.release();
    return lease.model.network;
  } catch {
    return null;
  }
}
