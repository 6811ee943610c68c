import type { FastifyRequest } from 'fastify';
import { UnrollError } from '../../../errors.ts';
import { abortOnDisconnect } from '../../abort-on-disconnect.ts';
import { toListPage } from '../../list-page.ts';
import { callerOf, requireModel } from '../../plugins/authenticate.ts';
import type { Route } from '../../route.ts';
import type { RewindTo } from '../../../sessions/rewind.ts';
import { readSnapshot } from '../../../sessions/snapshot.ts';
import { problems } from '../schemas/reply.ts';
import {
  createSessionBody,
  forkBody,
  markBody,
  markParameter,
  ownerQuery,
  removedSession,
  rewindBody,
  sessionList,
  sessionParameter,
  sessionQuery,
  sessionView,
  snapshotResponses,
} from './schemas.ts';
import { readOwner, sessionOf, type OwnerQuery } from './session-of.ts';
import { viewSession } from './view.ts';

const tags = ['sessions'];
const path = '/v1/sessions';
const config = { access: 'infer' } as const;
const one = { 200: sessionView, ...problems };
const ofSession = { tags, params: sessionParameter, querystring: ownerQuery };

type SessionRequest = FastifyRequest & {
  readonly params: { readonly session: string };
  readonly query: OwnerQuery;
};
const stored = (request: SessionRequest): string =>
  sessionOf(request.params.session, callerOf(request), request.query);

/** @throws UnrollError unsupported_media_type */
function requireBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new UnrollError('unsupported_media_type', 'the body must be a snapshot as application/octet-stream');
}

export const sessionRoutes: Route = (scope, { sessions }) => {
  scope.post(
    path,
    {
      config,
      schema: {
        operationId: 'createSession',
        tags,
        summary: 'Begins a session: a sequence whose state the server keeps between calls',
        body: createSessionBody,
        response: one,
      },
    },
    async (request) => {
      const { snapshot, ...body } = request.body;
      requireModel(request, body.model);
      const start = snapshot === undefined ? undefined : readSnapshot(Buffer.from(snapshot, 'base64'));
      return viewSession(await sessions.create({ ...body, snapshot: start }, callerOf(request)));
    },
  );
  scope.get(
    path,
    {
      config,
      schema: {
        operationId: 'listSessions',
        tags,
        summary: 'Lists sessions, newest first',
        querystring: sessionQuery,
        response: { 200: sessionList, ...problems },
      },
    },
    async (request) => {
      const { limit, after: last, model } = request.query;
      const caller = callerOf(request);
      const owner = readOwner(request.query);
      const after = last?.includes('/') ? last : last && sessionOf(last, caller, request.query);
      const found = await sessions.list({ limit: limit + 1, after, model, owner }, caller);
      return toListPage(found, limit, viewSession);
    },
  );
  scope.get(
    `${path}/:session`,
    {
      config,
      schema: { operationId: 'showSession', ...ofSession, summary: 'Shows a session', response: one },
    },
    async (request) => viewSession(await sessions.get(stored(request), callerOf(request))),
  );
  scope.delete(
    `${path}/:session`,
    {
      config,
      schema: {
        operationId: 'deleteSession',
        ...ofSession,
        summary: 'Ends a session, after the call that runs',
        response: { 200: removedSession, ...problems },
      },
    },
    async (request) => {
      await sessions.remove(stored(request), callerOf(request));
      return { id: request.params.session, object: 'session' as const, deleted: true as const };
    },
  );
  scope.post(
    `${path}/:session/fork`,
    {
      config,
      schema: {
        operationId: 'forkSession',
        ...ofSession,
        summary: 'Copies a session: each copy goes on by itself from the same state',
        body: forkBody,
        response: { 200: sessionList.omit({ has_more: true }), ...problems },
      },
    },
    async (request) => {
      const forks = await sessions.fork(stored(request), request.body.count, callerOf(request));
      return { object: 'list' as const, data: forks.map(viewSession) };
    },
  );
  scope.post(
    `${path}/:session/marks`,
    {
      config,
      schema: {
        operationId: 'markSession',
        ...ofSession,
        summary: 'Names the point where a session is, to come back to it',
        body: markBody,
        response: one,
      },
    },
    async (request) =>
      viewSession(await sessions.mark(stored(request), request.body.name, callerOf(request))),
  );
  scope.delete(
    `${path}/:session/marks/:mark`,
    {
      config,
      schema: {
        operationId: 'deleteSessionMark',
        tags,
        params: markParameter,
        querystring: ownerQuery,
        summary: 'Removes a mark',
        response: one,
      },
    },
    async (request) => {
      const { mark } = request.params;
      return viewSession(await sessions.removeMark(stored(request), mark, callerOf(request)));
    },
  );
  scope.post(
    `${path}/:session/rewind`,
    {
      config,
      schema: {
        operationId: 'rewindSession',
        ...ofSession,
        summary: 'Goes back to a mark, or by some of the last steps, exactly',
        body: rewindBody,
        response: one,
      },
    },
    async (request, reply) => {
      const signal = abortOnDisconnect(reply);
      const to = request.body as RewindTo;
      return viewSession(await sessions.rewind(stored(request), to, callerOf(request), { signal }));
    },
  );
  scope.get(
    `${path}/:session/snapshot`,
    {
      config,
      schema: {
        operationId: 'getSessionSnapshot',
        ...ofSession,
        summary: "A session's state as a file, which any server with the same weights restores",
        response: snapshotResponses,
      },
    },
    async (request, reply) => {
      const { session } = request.params;
      const bytes = await sessions.snapshot(stored(request), callerOf(request));
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${session.replaceAll(':', '_')}.safetensors"`)
        .send(Buffer.from(bytes.buffer) as never) as never;
    },
  );
  scope.put(
    `${path}/:session/snapshot`,
    {
      config: { ...config, takesBytes: true },
      schema: {
        operationId: 'restoreSession',
        ...ofSession,
        summary: 'Sets a session to a snapshot, or makes the session from it',
        consumes: ['application/octet-stream'],
        response: one,
      },
    },
    async (request) => {
      const snapshot = readSnapshot(requireBytes(request.body));
      requireModel(request, snapshot.model);
      return viewSession(await sessions.restore(stored(request), snapshot, callerOf(request)));
    },
  );
};
