const probes: ReadonlySet<string> = new Set([
  '/v2/health/live',
  '/v2/health/ready',
  '/v2/models/:model/ready',
  '/v2/models/:model/versions/:version/ready',
  '/metrics',
]);

/** Whether a route asks if the server is well: it is never refused for load. @param url the route's own, with its parameters */
export const isProbe = (url: string | undefined): boolean => url !== undefined && probes.has(url);
