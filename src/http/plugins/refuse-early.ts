import type { FastifyInstance } from 'fastify';
import type { NetworkHandle } from '../../engine/engine-interface.ts';
import type { TaskContext } from '../../tasks/context.ts';
import { checkEachRequest } from './check-each-request.ts';

const taskRoute = /^\/v1\/models\/:model\/[a-z]+$/;

/**
 * Rejects a request to an overloaded model before its body is read and validated, which is most of the cost
 * of a rejected request; under overload most requests are rejected.
 */
export function refuseEarly(app: FastifyInstance, { engine, repository }: TaskContext): void {
  checkEachRequest(app, (request) => {
    if (request.method !== 'POST' || !taskRoute.test(request.routeOptions.url ?? '')) return null;
    const network = findNetwork(repository, (request.params as { model: string }).model);
    return network && engine.findOverload(network);
  });
}

/** @returns null for a model that cannot be acquired, for which the route reports the reason */
function findNetwork(repository: TaskContext['repository'], reference: string): NetworkHandle | null {
  try {
    const lease = repository.acquire(reference);
    lease.release();
    return lease.model.network;
  } catch {
    return null;
  }
}
