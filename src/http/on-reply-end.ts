import type { FastifyReply } from 'fastify';
import { getStatus } from '../errors.ts';

const switchingProtocols = 101;

/**
 * Calls once with a reply's status when it has been written, or with that of a cancelled request when its client has
 * disconnected before: fastify's onResponse hook is not called then.
 */
export function onReplyEnd(reply: FastifyReply, end: (status: number, written: boolean) => void): void {
  // node's writableFinished stays false for replies that are injected
  let written = false;
  reply.raw.once('finish', () => {
    written = true;
    end(reply.statusCode, true);
  });
  reply.raw.once('close', () => {
    if (written) return;
    // of a WebSocket, which ends with its connection
    if (reply.statusCode === switchingProtocols) end(switchingProtocols, true);
    else end(getStatus('cancelled'), false);
  });
}
