import type { z } from 'zod';
import { toOwnId } from '../../../sessions/session-id.ts';
import type { SessionPlace } from '../../../sessions/session-stream.ts';
import { positionOf, type Session } from '../../../sessions/session.ts';
import type { sessionView } from './schemas.ts';

export const viewSession = (session: Session): z.input<typeof sessionView> => ({
  id: toOwnId(session.id),
  object: 'session',
  owner: session.owner,
  model: session.model,
  version: session.version,
  weights_sha256: session.weightsHash,
  position: positionOf(session),
  created_at: session.createdAt,
  ttl_s: session.ttlMs / 1000,
  durable: session.durable,
  keep_steps: session.keepSteps,
  state_bytes: session.state?.byteLength ?? 0,
  marks: session.marks.map((mark) => ({ name: mark.name, position: positionOf(mark) })),
});

/** What the reply of a call in a session says of it. */
export const viewPosition = (session: SessionPlace): { readonly id: string; readonly position: number } => ({
  id: toOwnId(session.id),
  position: positionOf(session),
});
