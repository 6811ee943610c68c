import type { Logger } from './telemetry/logger.ts';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;
/** A server started by npm receives Ctrl-C twice: from the terminal, and forwarded by npm. */
const repeatedMs = 500;
/** Maximum errors logged: a timer that throws must not fill the log. */
const maxLoggedErrors = 10;

export interface ExitOptions {
  readonly log: Pick<Logger, 'info' | 'warn' | 'fatal' | 'flush'>;
  /** Milliseconds after a signal in which the server still serves. */
  readonly delayMs: number;
  /** Milliseconds for requests in progress after that. */
  readonly drainMs: number;
  /** Milliseconds for requests in progress after an uncaught error. */
  readonly errorDrainMs: number;
  /** Milliseconds after the drain at which the process exits even if `close` has not finished. */
  readonly graceMs: number;
  /** Stops the server after `delayMs`; work in progress has `drainMs` to finish. */
  readonly close: (drainMs: number, delayMs: number) => Promise<void>;
}

/**
 * Installs handlers that close the server and exit the process: with code 0 on a signal, and with code 1 on
 * an uncaught error, which is logged. A second signal, or a shutdown that does not finish in time, exits at
 * once with code 1.
 */
export function installExitHandlers(options: ExitOptions): void {
  const { log, delayMs, drainMs, errorDrainMs, graceMs, close } = options;
  let exitCode = 0;
  let endingSince: number | null = null;
  let errors = 0;

  function exit(code: number): never {
    log.flush();
    process.exit(code);
  }

  function end(ms: number, delay: number): void {
    endingSince = performance.now();
    const limit = delay + ms + graceMs;
    setTimeout(() => {
      log.fatal({ ms: limit }, 'the server did not shut down in time');
      exit(1);
    }, limit);
    close(ms, delay).then(
      () => exit(exitCode),
      (error: unknown) => {
        log.fatal({ err: error }, 'the server could not shut down');
        exit(1);
      },
    );
  }

  for (const signal of signals)
    process.on(signal, () => {
      if (endingSince === null) {
        log.info({ signal }, 'the server shuts down');
        return end(drainMs, delayMs);
      }
      if (performance.now() - endingSince < repeatedMs) return;
      log.warn({ signal }, 'second signal: the server exits at once');
      exit(1);
    });
  // also receives unhandled rejections
  process.on('uncaughtException', (error, origin) => {
    if (errors++ < maxLoggedErrors)
      log.fatal({ err: error, origin }, 'uncaught error: the server shuts down');
    exitCode = 1;
    if (endingSince === null) end(errorDrainMs, 0);
  });
}
