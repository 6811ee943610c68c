import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;
const sampleMs = 1000;

/** How late the event loop ran its timers, as a mean over the last second. It opens no file, unlike `process.memoryUsage()`. */
export interface EventLoopDelay {
  readonly ms: number;
  stop(): void;
}

export function watchEventLoopDelay(): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let ms = 0;
  const timer = setInterval(() => {
    // NaN when not one timer ran: the loop stood still
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
