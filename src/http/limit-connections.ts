import type { Server } from 'node:http';
import { createLimitedLog } from '../telemetry/limited-log.ts';
import type { Connections } from './connections.ts';

// A process has a limited number of file descriptors (`ulimit -n`). A connection takes one; so do model files, uploads, threads
// and the database. Connections are therefore limited to what leaves some of them free, and closed as they come beyond that:
// requests on open connections go on being answered.

/** Kept free for files and threads: a quarter of all, within these bounds. */
const leastReserved = 16;
const mostReserved = 256;
/** Even where the process was started with hardly any descriptors. */
const leastConnections = 4;
const logEveryMs = 10_000;

export interface ConnectionLimit {
  /** Whether new connections are being refused. */
  readonly full: boolean;
  /** Connections that were refused. */
  readonly refused: number;
  /** Sets the limit from what is open before the first connection. @param use null for no limit */
  update(use: { readonly open: number; readonly limit: number } | null): void;
}

interface LimitOptions {
  readonly connections: Pick<Connections, 'open'>;
  readonly log: { warn(fields: object, message: string): void };
}

export function limitConnections(server: Server, { connections, log }: LimitOptions): ConnectionLimit {
  const warn = createLimitedLog((fields, message) => log.warn(fields, message), logEveryMs);
  let limit = Infinity;
  let refused = 0;
  server.on('drop', () => {
    refused++;
    warn({ limit, open: connections.open }, 'connections are refused: too many are open (ulimit -n)');
  });
  // without a listener, a connection that cannot be accepted would be an uncaught error
  server.on('error', (error) => {
    if ((error as NodeJS.ErrnoException).syscall !== 'accept') return;
    refused++;
    warn({ err: error, open: connections.open }, 'connections cannot be accepted');
  });
  return {
    get full() {
      return connections.open >= limit;
    },
    get refused() {
      return refused;
    },
    update(use) {
      limit = use === null ? Infinity : computeMaxConnections(use.open, use.limit);
      if (Number.isFinite(limit)) server.maxConnections = limit;
    },
  };
}

/** @param open descriptors that stay open @param limit of the process */
export function computeMaxConnections(open: number, limit: number): number {
  const reserved = Math.min(mostReserved, Math.max(leastReserved, Math.floor(limit / 4)));
  return Math.max(leastConnections, limit - open - reserved);
}
