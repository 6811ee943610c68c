import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import fastify from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { UnrollError } from '../errors.ts';
import { documentation } from './documentation.ts';
import { acceptDatasetBodies } from './training/dataset-bodies.ts';
import { refuseUnknownPaths, sendError, setErrorHandlers } from './plugins/errors.ts';
import { expectContinue } from './plugins/expect-continue.ts';
import { guardEventLoop } from './plugins/event-loop-guard.ts';
import { checkHost } from './plugins/host.ts';
import { parseJsonBodies } from './body/json-bodies.ts';
import { refuseOtherMethods } from './plugins/other-methods.ts';
import { refuseEarly } from './plugins/refuse-early.ts';
import { measureRequests } from './plugins/request-metrics.ts';
import { setSecurityHeaders } from './plugins/security-headers.ts';
import { acceptTensorBodies } from './v2/tensor-bodies.ts';
import { acceptUntypedBodies } from './v2/untyped-bodies.ts';
import { refuseWhileDraining } from './plugins/refuse-while-draining.ts';
import { handleParseError } from './plugins/parse-error.ts';
import { isProbe } from './probes.ts';
import { maxPathSegmentLength } from './problem.ts';
import { comparisonRoutes } from './training/comparisons.ts';
import { datasetRoutes } from './training/datasets.ts';
import { healthRoutes } from './v2/health.ts';
import { inferenceProtocolRoutes } from './v2/inference.ts';
import { metricsRoute } from './metrics.ts';
import { modelRepositoryRoutes } from './v2/model-repository.ts';
import { modelRoutes } from './v1/models.ts';
import { taskRoutes } from './v1/tasks.ts';
import { openapiRoute } from './openapi.ts';
import { statisticsRoutes } from './v2/statistics.ts';
import { trainingJobRoutes } from './training/jobs.ts';
import { zodSchemas } from './zod-schemas.ts';
import type { AppParts } from './parts.ts';

/** Builds the HTTP application with all its routes. It does not listen. */
export async function buildApp(parts: AppParts) {
  const { metrics, options, logger } = parts;
  const app = fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    // a path that cannot be decoded never reaches the error handler
    frameworkErrors: sendError,
    clientErrorHandler: handleParseError,
    bodyLimit: options.maxBodyBytes,
    schemaController: zodSchemas,
    routerOptions: { maxParamLength: maxPathSegmentLength, ignoreTrailingSlash: true },
    requestIdHeader: 'x-request-id',
    // responses in progress are finished; shutdown.ts ends those that take too long
    forceCloseConnections: 'idle',
    // a client that sends its request slower than this is disconnected
    requestTimeout: options.receiveMs,
    http: {
      // node uses the longer of the two for the whole request
      headersTimeout: Math.min(60_000, options.receiveMs),
      // the interval of its checks
      connectionsCheckingInterval: Math.min(30_000, Math.ceil(options.receiveMs / 2)),
    },
  }).withTypeProvider<ZodTypeProvider>();

  // fastify would parse plain text, and validation would then report a wrong type of value
  app.removeContentTypeParser('text/plain');
  await acceptDatasetBodies(app);
  parseJsonBodies(app);
  acceptTensorBodies(app);
  acceptUntypedBodies(app);
  setErrorHandlers(app);
  expectContinue(app);
  measureRequests(app, metrics);
  // before every hook that may reject the request: every response has its id
  app.addHook('onRequest', (request, reply, next) => {
    reply.header('x-request-id', request.id);
    next();
  });
  checkHost(app);
  setSecurityHeaders(app);
  if (options.corsOrigin !== '')
    await app.register(cors, { origin: options.corsOrigin, exposedHeaders: ['x-request-id', 'retry-after'] });
  if (options.rateLimit > 0)
    await app.register(rateLimit, {
      max: options.rateLimit,
      timeWindow: '1 minute',
      // health and metrics endpoints are exempt
      allowList: (request) => isProbe(request.routeOptions.url),
      errorResponseBuilder: (_, { max, ttl }) =>
        new UnrollError('rate_limited', `at most ${max} requests per minute`, {
          retryAfterSeconds: Math.ceil(ttl / 1000),
        }),
    });
  refuseUnknownPaths(app);
  // before checks of the load: a client must not be asked to retry on a server that shuts down
  refuseWhileDraining(app, parts.draining);
  if (options.maxEventLoopDelayMs > 0) guardEventLoop(app, options.maxEventLoopDelayMs);
  refuseEarly(app, parts.tasks);
  await documentation(app, options.settings);
  const routes = [
    modelRoutes,
    ...taskRoutes,
    datasetRoutes,
    trainingJobRoutes,
    comparisonRoutes,
    inferenceProtocolRoutes,
    modelRepositoryRoutes,
    statisticsRoutes,
    healthRoutes,
    metricsRoute,
    openapiRoute,
  ];
  // in a separate plugin, so that the documentation plugin is loaded before the routes
  await app.register(async (scope) => {
    refuseOtherMethods(scope, () => {
      for (const route of routes) route(scope.withTypeProvider<ZodTypeProvider>(), parts);
    });
  });
  return app;
}
