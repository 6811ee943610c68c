import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mayUseModel, type Caller } from '../../access/caller.ts';
import type { KeyRing } from '../../access/key-ring.ts';
import type { Access, Scope } from '../../access/scopes.ts';
import { UnrollError } from '../../errors.ts';
import { findProtocolKey } from '../websocket.ts';
import { checkEachRequest } from './check-each-request.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route has it: a route without one fails when it is added. */
    access?: Access;
  }
  interface FastifyInstance {
    authentication: Authentication;
  }
  interface FastifyRequest {
    /** Null on open routes and where there is no route. */
    caller: Caller | null;
  }
}

/** How a server knows its callers: by keys, or not at all. */
export type Authentication =
  | { readonly kind: 'keys'; readonly keys: Pick<KeyRing, 'find'> }
  | { readonly kind: 'none'; readonly caller: Caller };

/** The route of a library, for preflight requests. */
const preflightUrl = '*';

/** Lets no route be added that does not declare its access. Called before any is. */
export function requireAccess(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.url === preflightUrl) route.config = { access: 'open', ...route.config };
    if (route.config?.access === undefined)
      throw new Error(`route ${String(route.method)} ${route.url} does not say what access it needs`);
  });
}

/** Finds the caller of each request, and refuses those without the scope of its route or without its model. */
export function authenticate(app: FastifyInstance, authentication: Authentication): void {
  app.decorate('authentication', { getter: () => authentication });
  app.decorateRequest('caller', null);
  checkEachRequest(app, (request) => {
    const { access } = request.routeOptions.config;
    // a request without a route has none
    if (access === undefined || access === 'open') return null;
    const caller = findCaller(request, authentication);
    if (caller instanceof UnrollError) return caller;
    request.caller = caller;
    if (!caller.scopes.has(access)) return missingScope(access, caller);
    const { model } = request.params as { readonly model?: string };
    return model === undefined || mayUseModel(caller, model) ? null : hiddenModel(model);
  });
}

/** The caller of a request to a route that is not open. */
export const callerOf = ({ caller }: FastifyRequest): Caller => caller!;

/**
 * Looks again whether the caller of a request that lasts may make it: their key may have been revoked since.
 * @returns why not
 */
export function recheckCaller(request: FastifyRequest, model: string): UnrollError | null {
  const caller = findCaller(request, request.server.authentication);
  if (caller instanceof UnrollError) return caller;
  const access = request.routeOptions.config.access as Scope;
  if (!caller.scopes.has(access)) return missingScope(access, caller);
  return mayUseModel(caller, model) ? null : hiddenModel(model);
}

/**
 * For models that a body names; those of a path are checked for every route. Whether there is such a model is
 * not shown. @throws UnrollError model_not_found
 */
export function requireModel(request: FastifyRequest, reference: string): void {
  if (!mayUseModel(callerOf(request), reference)) throw hiddenModel(reference);
}

const hiddenModel = (reference: string): UnrollError =>
  new UnrollError('model_not_found', `there is no model ${reference} for this key`, { field: 'model' });

function findCaller({ headers }: FastifyRequest, authentication: Authentication): Caller | UnrollError {
  if (authentication.kind === 'none') return authentication.caller;
  const key =
    /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ??
    headers['x-api-key'] ??
    findProtocolKey(headers);
  if (typeof key !== 'string' || key === '')
    return new UnrollError(
      'unauthorized',
      'authorization: must be Bearer and an API key, or x-api-key a key',
    );
  return (
    authentication.keys.find(key) ??
    new UnrollError('unauthorized', 'authorization: the API key is unknown, was revoked, or has expired')
  );
}

const missingScope = (access: Access, { name, scopes }: Caller): UnrollError =>
  new UnrollError(
    'forbidden',
    name === null
      ? `${access} is off, since this server can be reached from other machines and has no API keys: set UNROLL_API_KEYS_FILE, or UNROLL_OPEN=true to allow everything to everybody`
      : `this route needs the scope ${access}; the key ${name} has ${[...scopes].join(', ')}`,
  );
