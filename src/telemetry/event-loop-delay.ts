import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;
const sampleMs = 1000;

/**
 * The mean delay of the event loop's timers in the last second. Opens no file, unlike
 * `process.memoryUsage()`.
 */
export interface EventLoopDelay {
  /** Milliseconds. */
  readonly ms: number;
  stop(): void;
}

/** Starts to measure. */
export function watchEventLoopDelay(): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let ms = 0;
  const timer = setInterval(() => {
    // NaN if no timer ran: the loop was blocked for the whole second
    const mean = histogram.mean / 1e6 - resolutionMs;
    ms = Number.isNaN(mean) ? Infinity : Math.max(0, mean);
    histogram.reset();
  }, sampleMs).unref();
  return {
    get ms() {
      return ms;
    },
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
