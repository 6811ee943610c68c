const probeRoutes: ReadonlySet<string> = new Set([
  '/v2/health/live',
  '/v2/health/ready',
  '/v2/models/:model/ready',
  '/v2/models/:model/versions/:version/ready',
  '/metrics',
]);

/**
 * Whether a route is a health or metrics endpoint, which is never rejected for load.
 * @param url the route's pattern
 */
export const isProbe = (url: string | undefined): boolean => url !== undefined && probeRoutes.has(url);
