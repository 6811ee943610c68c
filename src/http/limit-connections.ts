import type { Server } from 'node:http';
import { createLimitedLog } from '../telemetry/limited-log.ts';
import type { Connections } from './connections.ts';

// A process has a limited number of file descriptors (`ulimit -n`), used by connections, model files,
// uploads, threads and the database. The number of connections is therefore limited, so that some descriptors
// stay free; connections beyond the limit are closed on arrival, and requests on open connections are still
// served.

/** Descriptors reserved for files and threads: a quarter of all, within these bounds. */
const minReserved = 16;
const maxReserved = 256;
/** Minimum number of connections, for a process with very few descriptors. */
const minConnections = 4;
const logEveryMs = 10_000;

export interface ConnectionLimit {
  /** Whether new connections are closed on arrival. */
  readonly full: boolean;
  /** Connections that were closed on arrival. */
  readonly refused: number;
  /** Sets the limit from the descriptors open before the first connection. @param use null for no limit */
  update(use: { readonly open: number; readonly limit: number } | null): void;
}

interface LimitOptions {
  readonly connections: Pick<Connections, 'open'>;
  readonly log: { warn(fields: object, message: string): void };
}

/** Limits the connections of a server. There is no limit until `update`. */
export function limitConnections(server: Server, { connections, log }: LimitOptions): ConnectionLimit {
  const warn = createLimitedLog((fields, message) => log.warn(fields, message), logEveryMs);
  let limit = Infinity;
  let refused = 0;
  server.on('drop', () => {
    refused++;
    warn(
      { limit, open: connections.open },
      'connections are closed on arrival: too many are open (ulimit -n)',
    );
  });
  // without a listener, an error of accept would be an uncaught exception
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

/**
 * Computes the maximum number of connections.
 * @param open descriptors in other use
 * @param limit of the process
 */
export function computeMaxConnections(open: number, limit: number): number {
  const reserved = Math.min(maxReserved, Math.max(minReserved, Math.floor(limit / 4)));
  return Math.max(minConnections, limit - open - reserved);
}
