import type { Session } from '../../client/index.ts';
import { formatTable } from '../format-table.ts';

/** Sessions in a table for a person. */
export const formatSessions = (sessions: readonly Session[]): string[] =>
  formatTable(
    ['SESSION', 'MODEL', 'POSITION', 'STATE', 'MARKS'],
    sessions.map(({ id, model, version, position, state_bytes: bytes, marks }) => [
      id,
      `${model}@${version}`,
      String(position),
      `${bytes.toLocaleString('en')} bytes`,
      marks.map(({ name, position: at }) => `${name} at ${at}`).join(', '),
    ]),
  );
