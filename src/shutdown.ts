import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Engine } from './engine/engine-interface.ts';
import type { Connections } from './http/connections.ts';
import { refuseUnanswered, stopListening, stopListeningMs } from './http/stop-listening.ts';
import type { Sessions } from './sessions/sessions.ts';
import type { Training } from './jobs/create-training.ts';
import type { Repository } from './repository/repository-interface.ts';

/** After the drain: for the last events of streams that were ended, and for clients to read them. */
const lastEventsMs = 2000;
/** For threads and files to close. Nothing is lost if they do not: the process ends. */
const closeMs = 1000;
/** For sessions to be written. */
const writeSessionsMs = 5000;
/** Maximum milliseconds of a shutdown after its drain. */
export const shutdownGraceMs = lastEventsMs + stopListeningMs + Math.max(closeMs, writeSessionsMs);

/** The components that a shutdown stops. */
export interface ShutdownTargets {
  readonly app: Pick<FastifyInstance, 'server' | 'close'>;
  readonly connections: Connections;
  readonly engine: Pick<Engine, 'close'>;
  readonly repository: Pick<Repository, 'close'>;
  readonly training: Pick<Training, 'jobs' | 'close'>;
  readonly sessions: Pick<Sessions, 'close'>;
  /** Ends streams that do not end by themselves. */
  readonly endStreams: () => void;
}

/**
 * Stops the server within `drainMs` + `shutdownGraceMs`. New work must be rejected already. Requests in
 * progress have `drainMs` to finish; those that still run then end with an error. All components start to
 * close at once, so that their times overlap: a training job stops at its next step and is resumed by the
 * next start, and a model that is being loaded is not waited for.
 */
export async function shutDown(parts: ShutdownTargets, drainMs: number): Promise<void> {
  const { app, connections, engine, repository, training, sessions, endStreams } = parts;
  connections.closeAfterResponse();
  const trainingStopped = training.jobs.close(drainMs).finally(endStreams);
  const repositoryClosed = repository.close();
  await within(drainMs, connections.waitUntilWritten());
  endStreams();
  const engineClosed = engine.close();
  await within(lastEventsMs, connections.waitUntilWritten());
  refuseUnanswered(connections);
  await stopListening(app.server, connections);
  const sessionsWritten = sessions.close();
  const closed = Promise.all([trainingStopped, repositoryClosed, engineClosed, app.close()]);
  await Promise.all([within(closeMs, closed), within(writeSessionsMs, sessionsWritten)]);
  await training.close(0);
}

/** Waits for a promise, at most `ms` milliseconds. */
async function within(ms: number, done: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const timeout = delay(ms, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([done, timeout]);
  timer.abort();
}
