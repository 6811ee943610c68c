import type { Config } from './config.ts';
import { installExitHandlers } from './end-process.ts';
import type { LoaderThread } from './repository/start-loader-thread.ts';
import type { Server } from './server.ts';
import { shutdownGraceMs } from './shutdown.ts';
import { createLogger } from './telemetry/logger.ts';

/** Milliseconds for requests in progress after an uncaught error. */
const errorDrainMs = 1000;
/**
 * Milliseconds that a shutdown may take beyond its own deadlines. Each of its stages has a timer, and timers
 * are late while the event loop writes the buffers of hundreds of streams, which must not be cut off.
 */
const slackMs = 10_000;

/**
 * Starts the server and prints the startup banner, or logs the address where there is no terminal. Exits the process on
 * a signal or an uncaught error.
 * @param ignored variables that look like settings and are none
 * @param loaderThread started before this module was imported
 */
export async function serve(
  config: Config,
  ignored: readonly string[],
  loaderThread: LoaderThread,
): Promise<void> {
  const terminal = process.stdout.isTTY;
  const log = createLogger(config.LOG_LEVEL, terminal);
  if (ignored.length > 0)
    log.warn({ ignored }, 'variables that Kubernetes set for a Service are not settings: they are ignored');
  let server: Server | null = null;
  installExitHandlers({
    log,
    delayMs: config.SHUTDOWN_DELAY_MS,
    drainMs: config.DRAIN_MS,
    errorDrainMs: Math.min(errorDrainMs, config.DRAIN_MS),
    graceMs: shutdownGraceMs + slackMs,
    // a server that has not started has no requests to drain
    close: async (drainMs, delayMs) => server?.close(drainMs, delayMs),
  });
  const { startServer } = await import('./server.ts');
  server = await startServer(config, log, { loaderThread });
  const url = config.PUBLIC_URL === '' ? server.url : config.PUBLIC_URL.replace(/\/+$/, '');
  if (terminal) {
    const { formatStartupBanner } = await import('./startup-banner.ts');
    const keyed = config.API_KEYS_FILE !== '';
    console.log(formatStartupBanner(url, server.models(), { keyed }));
  }
  // whatever the level: other programs wait for this line
  else
    log.child({}, { level: 'info' }).info({ url: server.url, models: server.models().length }, 'listening');
}
