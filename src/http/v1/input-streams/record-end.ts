import type { FastifyRequest } from 'fastify';
import { UnrollError, type ErrorCode } from '../../../errors.ts';
import { toProblem } from '../../problem.ts';
import { causeOf } from './stream-input.ts';

/** Ends that are not worth a warning. */
const ordinary: readonly ErrorCode[] = [
  'cancelled',
  'shutting_down',
  'session_lost',
  'session_ending',
  'unauthorized',
];

/** Logs why a stream ended before its input did. */
export function recordStreamEnd(request: FastifyRequest, error: unknown): void {
  const cause = causeOf(error);
  request.record.code = toProblem(cause).code;
  if (cause instanceof UnrollError && ordinary.includes(cause.code))
    request.log.info({ code: cause.code }, 'a stream ended early');
  else request.log.warn({ err: cause }, 'a stream ended with an error');
}
