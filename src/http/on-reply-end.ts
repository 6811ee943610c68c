import type { FastifyReply } from 'fastify';
import { getStatus } from '../errors.ts';

/** @param written whether the client has been sent all of it */
type ReplyEnd = (status: number, written: boolean) => void;

const switchingProtocols = 101;
/**
 * The property of a reply with what is called at its end, so that it has one pair of listeners. A WeakMap would cost each
 * collection of garbage time.
 */
const ends = Symbol('ends');

interface Listening {
  [ends]?: ReplyEnd[];
}

/**
 * Calls once with a reply's status when it has been written, or with that of a cancelled request when its client has
 * disconnected before: fastify's onResponse hook is not called then.
 */
export function onReplyEnd(reply: FastifyReply, end: ReplyEnd): void {
  const listening = reply as FastifyReply & Listening;
  if (listening[ends]) return void listening[ends].push(end);
  const own = (listening[ends] = [end]);
  const { raw } = reply;
  // node's writableFinished stays false for replies that are injected
  let written = false;
  const call = (status: number, complete: boolean): void => {
    for (const each of own) each(status, complete);
  };
  raw.on('finish', () => {
    if (written) return;
    written = true;
    call(reply.statusCode, true);
  });
  raw.on('close', () => {
    if (written) return;
    written = true;
    // of a WebSocket, which ends with its connection
    if (reply.statusCode === switchingProtocols) call(switchingProtocols, true);
    else call(getStatus('cancelled'), false);
  });
}
