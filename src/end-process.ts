import type { Logger } from './telemetry/logger.ts';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;
/** Ctrl-C reaches a server that npm started twice: the terminal sends it to both, and npm forwards it. */
const repeatedMs = 500;
/** A timer that throws must not fill the log. */
const mostErrors = 10;

export interface ExitOptions {
  readonly log: Pick<Logger, 'info' | 'warn' | 'fatal' | 'flush'>;
  /** Time for requests under way after a signal, and after an error that nobody caught. */
  readonly drainMs: number;
  readonly errorDrainMs: number;
  /** What `close` may take beyond its drain before the process ends without it. */
  readonly graceMs: number;
  /** Ends the server; work under way has `drainMs` to finish. */
  readonly close: (drainMs: number) => Promise<void>;
}

/**
 * Ends the process on a signal with exit code 0, and on an error that nobody caught, which it logs, with 1; both close the
 * server first. A second signal ends it at once with 1, and so does a shutdown that does not end in time.
 */
export function installExitHandlers({ log, drainMs, errorDrainMs, graceMs, close }: ExitOptions): void {
  let exitCode = 0;
  let endingSince: number | null = null;
  let errors = 0;

  function exit(code: number): never {
    log.flush();
    process.exit(code);
  }

  function end(ms: number): void {
    endingSince = performance.now();
    setTimeout(() => {
      log.fatal({ ms: ms + graceMs }, 'the server did not shut down in time');
      exit(1);
    }, ms + graceMs);
    close(ms).then(
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
        return end(drainMs);
      }
      if (performance.now() - endingSince < repeatedMs) return;
      log.warn({ signal }, 'a second signal: the server ends at once');
      exit(1);
    });
  // rejections that nobody handles come here too, as errors
  process.on('uncaughtException', (error, origin) => {
    if (errors++ < mostErrors) log.fatal({ err: error, origin }, 'uncaught error: the server ends');
    exitCode = 1;
    if (endingSince === null) end(errorDrainMs);
  });
}
