import { Counter, type Registry } from 'prom-client';
import { addDuration, createDurationHistogram, requestBounds } from './duration-histogram.ts';
import { createExternalHistogram } from './external-histogram.ts';

/** The requests to one route: plain numbers, which a scrape reads. Looking up labels takes longer than counting. */
interface RouteCounts {
  readonly method: string;
  readonly route: string;
  readonly statuses: Map<number, number>;
  readonly durations: ReturnType<typeof createDurationHistogram>;
}

/** Registers the metrics of HTTP requests. @returns a function that counts a request */
export function observeRequests(
  registry: Registry,
): (request: { method: string; route: string; status: number; ms: number }) => void {
  const byRoute = new Map<string, Map<string, RouteCounts>>();
  const all = (): RouteCounts[] => [...byRoute.values()].flatMap((methods) => [...methods.values()]);
  new Counter({
    name: 'unroll_requests_total',
    help: 'HTTP requests by route and status; 499 means that the client disconnected.',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { method, route, statuses } of all())
        for (const [status, count] of statuses) this.inc({ method, route, status }, count);
    },
  });
  registry.registerMetric(
    createExternalHistogram(
      'unroll_request_duration_seconds',
      'Time from the start of a request to the end of its response.',
      requestBounds,
      () =>
        all().map(({ method, route, durations: { counts, sum } }) => ({
          labels: { method, route },
          counts,
          sum,
        })),
    ),
  );

  const find = (method: string, route: string): RouteCounts => {
    let methods = byRoute.get(route);
    if (!methods) byRoute.set(route, (methods = new Map()));
    let counts = methods.get(method);
    if (!counts) {
      counts = { method, route, statuses: new Map(), durations: createDurationHistogram(requestBounds) };
      methods.set(method, counts);
    }
    return counts;
  };
  return ({ method, route, status, ms }) => {
    const { statuses, durations } = find(method, route);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    addDuration(durations, ms);
  };
}
