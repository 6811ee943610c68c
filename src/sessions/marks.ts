import { UnrollError } from '../errors.ts';
import type { Mark, Session } from './session.ts';
import { toOwnId } from './session-id.ts';

const maxMarks = 32;

/** Names the point where a session is; a mark of that name moves there. @throws UnrollError invalid_request */
export function setMark(session: Session, name: string): Session {
  const { steps, pendingId, state } = session;
  const others = session.marks.filter((mark) => mark.name !== name);
  if (others.length >= maxMarks)
    throw new UnrollError(
      'invalid_request',
      `name: a session has at most ${maxMarks} marks, and has ${others.length}`,
      { field: 'name' },
    );
  return { ...session, marks: [...others, { name, steps, pendingId, state }] };
}

/** @throws UnrollError mark_not_found */
export function removeMark(session: Session, name: string): Session {
  requireMark(session, name);
  return { ...session, marks: session.marks.filter((mark) => mark.name !== name) };
}

/** @throws UnrollError mark_not_found */
export function requireMark({ id, marks }: Session, name: string): Mark {
  const mark = marks.find((one) => one.name === name);
  if (mark) return mark;
  const known = marks.length === 0 ? 'it has none' : `it has ${marks.map((one) => one.name).join(', ')}`;
  throw new UnrollError('mark_not_found', `mark: the session ${toOwnId(id)} has no mark ${name}: ${known}`, {
    field: 'mark',
  });
}
