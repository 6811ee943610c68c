import { randomBytes } from 'node:crypto';
import { UnrollError } from '../errors.ts';
import type { AnyModel, ServedModel } from '../repository/repository-interface.ts';
import type { Point, Session, SessionOwner } from './session.ts';
import { toStoredId } from './session-id.ts';
import { checkBelongs, type Snapshot } from './snapshot.ts';

export interface CreateSession {
  /** `name`, `name@version`. */
  readonly model: string;
  readonly id?: string | undefined;
  readonly ttl_s?: number | undefined;
  readonly durable?: boolean | undefined;
  readonly keep_steps?: number | undefined;
  /** Whether it begins with the first step that is fed, and with no start token before it. */
  readonly fromFirstStep?: boolean | undefined;
  /** To start from. */
  readonly snapshot?: Snapshot | undefined;
}

/** 128 random bits, which nobody guesses. */
const createSessionId = (): string => `ses_${randomBytes(16).toString('base64url')}`;

/** Whether a model's calls may end with a token that is fed by the next. */
export const generates = ({ spec }: Pick<ServedModel, 'spec'>): boolean => spec.task === 'generate';

/** @throws UnrollError session_unsupported */
export function requireStates(model: AnyModel): asserts model is ServedModel {
  const refuse = (reason: string): never => {
    throw new UnrollError('session_unsupported', `model: ${model.name}@${model.version} ${reason}`, {
      field: 'model',
    });
  };
  if (model.spec === null) return refuse(`runs on no sequences because ${model.reason}`);
  // an encoder-decoder keeps its source as it was read
  if (!model.network.info.causal && model.spec.task !== 'decode')
    return refuse(
      'reads the whole sequence, to its end, before its first output: it has no state between steps',
    );
}

/** The point before the first step: a model that generates begins with its start token. */
export const firstPoint = (model: ServedModel): Point => {
  const startId = generates(model) ? model.vocabulary?.startId : undefined;
  return { steps: startId === undefined ? 0 : -1, pendingId: startId ?? null, state: null };
};

/** @throws UnrollError session_unsupported, session_conflict, invalid_state */
export function createSession(
  model: AnyModel,
  request: CreateSession,
  { caller, ttlSeconds }: { readonly caller: SessionOwner; readonly ttlSeconds: number },
): Session {
  requireStates(model);
  const { snapshot } = request;
  if (snapshot) checkBelongs(snapshot, model, 'snapshot');
  const { steps, pendingId, state } =
    snapshot ?? (request.fromFirstStep ? { steps: 0, pendingId: null, state: null } : firstPoint(model));
  return beginNow({
    id: request.id === undefined ? '' : toStoredId(caller.name, request.id),
    owner: caller.name,
    model: model.name,
    version: model.version,
    weightsHash: model.weightsHash,
    ttlMs: (request.ttl_s ?? model.spec.sessions?.ttl_s ?? ttlSeconds) * 1000,
    durable: request.durable ?? false,
    keepSteps: request.keep_steps ?? 0,
    steps,
    pendingId,
    state,
    marks: [],
    history: [],
  });
}

/** A session that begins now. @param session its id is drawn where it is empty */
export const beginNow = (session: Omit<Session, 'createdAt'>): Session => ({
  ...session,
  id: session.id === '' ? toStoredId(session.owner, createSessionId()) : session.id,
  createdAt: Date.now() / 1000,
});
