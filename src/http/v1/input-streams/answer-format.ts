import type { SessionPlace } from '../../../sessions/session-stream.ts';
import { formatEvent } from '../../format-event.ts';
import { firstComment, pingComment } from '../../write-events.ts';
import { viewPosition } from '../sessions/view.ts';
import type { Answer } from './answer-inputs.ts';
import { toErrorAnswer } from './stream-input.ts';

/** The text of a reply that is sent while its request is received. */
export interface AnswerFormat {
  readonly type: string;
  /** Before the first answer. */
  readonly start: string;
  /** After a pause; null for nothing. */
  readonly ping: string | null;
  answer(answer: Answer): string;
  error(error: unknown): string;
  end(session: SessionPlace): string;
}

export const formatAsLines: AnswerFormat = {
  type: 'application/x-ndjson; charset=utf-8',
  start: '',
  ping: null,
  answer: (answer) => `${JSON.stringify(answer)}\n`,
  error: (error) => `${JSON.stringify(toErrorAnswer(error))}\n`,
  end: () => '',
};

const toEvent = (event: string, data: object): string => [...formatEvent(null, event, data)].join('');

export const formatAsEvents: AnswerFormat = {
  type: 'text/event-stream; charset=utf-8',
  start: firstComment,
  ping: pingComment,
  answer: (answer) => toEvent('answer', answer),
  error: (error) => toEvent('error', toErrorAnswer(error).error),
  end: (session) => toEvent('done', { session: viewPosition(session) }),
};
