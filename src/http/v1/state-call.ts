import type { FastifyRequest } from 'fastify';
import { UnrollError } from '../../errors.ts';
import type { ServedModel } from '../../repository/repository-interface.ts';
import { firstPoint, requireStates } from '../../sessions/create-session.ts';
import { checkBelongs } from '../../sessions/snapshot.ts';
import type { Point } from '../../sessions/session.ts';
import { advancePoint } from '../../sessions/advance.ts';
import { joinFed, type Continuation } from '../../tasks/continuation.ts';
import type { AppParts } from '../parts.ts';
import { callerOf } from '../plugins/authenticate.ts';

// A task without a session: its request brings a state as a token, and its reply returns the next one.

export interface StateFields {
  readonly state?: string | undefined;
  readonly return_state?: boolean | undefined;
}

export interface StateCall {
  readonly continuation: Continuation | undefined;
  /** What the reply has of it, once the task has run. */
  fields(): { readonly state?: string };
}

/**
 * Opens the state of a request.
 * @throws UnrollError invalid_state, session_expired, session_conflict, session_unsupported
 */
export function openState(
  { stateTokens }: Pick<AppParts, 'stateTokens'>,
  request: FastifyRequest,
  model: ServedModel,
  { state: token, return_state: returns = false }: StateFields,
): StateCall {
  if (token === undefined && !returns) return { continuation: undefined, fields: () => ({}) };
  requireStates(model);
  const owner = callerOf(request).name;
  const given = token === undefined ? null : stateTokens.read(token, owner);
  if (given && (given.model !== model.name || given.version !== model.version))
    throw new UnrollError(
      'session_conflict',
      `state: it belongs to ${given.model}@${given.version}, the request is to ${model.name}@${model.version}`,
      { field: 'state' },
    );
  if (given) checkBelongs(given, model, 'state');
  const from: Point = given ?? firstPoint(model);
  let next = from;
  const continuation: Continuation = {
    from: from.state ?? undefined,
    steps: from.steps,
    pendingId: from.pendingId,
    keep(kept, input) {
      next = advancePoint(from, kept, joinFed(input, kept.fedIds), model.network.info);
    },
  };
  const { name, version, weightsHash } = model;
  const identity = { model: name, version, weightsHash };
  return {
    continuation,
    fields: () => (returns ? { state: stateTokens.write({ ...identity, ...next }, owner) } : {}),
  };
}
