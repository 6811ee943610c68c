import fastify, { LogController } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { documentation } from './documentation.ts';
import { listExampleModels } from './openapi-examples.ts';
import { uploadScope } from './training/upload-scope.ts';
import { authenticate, requireAccess } from './plugins/authenticate.ts';
import { allowOrigin, corsHeaders } from './plugins/cors.ts';
import { refuseCrossSite } from './plugins/cross-site.ts';
import { refuseUnknownPaths, sendError, setErrorHandlers } from './plugins/errors.ts';
import { expectContinue } from './plugins/expect-continue.ts';
import { guardEventLoop } from './plugins/event-loop-guard.ts';
import { checkHost } from './plugins/host.ts';
import { parseJsonBodies } from './body/json-bodies.ts';
import { limitRate } from './plugins/limit-rate.ts';
import { refuseOtherMethods } from './plugins/other-methods.ts';
import { refuseEarly } from './plugins/refuse-early.ts';
import { createRequestLogger, logRequests, startRecord } from './plugins/request-log.ts';
import { measureRequests } from './plugins/request-metrics.ts';
import { setSecurityHeaders } from './plugins/security-headers.ts';
import { acceptTensorBodies } from './v2/tensor-bodies.ts';
import { acceptUntypedBodies } from './v2/untyped-bodies.ts';
import { refuseWhileDraining } from './plugins/refuse-while-draining.ts';
import { handleParseError } from './plugins/parse-error.ts';
import { maxPathSegmentLength } from './problem.ts';
import { parsePublicUrl, prefixLocations, removePrefix } from './public-url.ts';
import { createRequestId } from './request-id.ts';
import { comparisonRoutes } from './training/comparisons.ts';
import { homeRoute } from './home.ts';
import { healthRoutes } from './v2/health.ts';
import { inferenceProtocolRoutes } from './v2/inference.ts';
import { completionRoute } from './openai/completions.ts';
import { embeddingRoute } from './openai/embeddings.ts';
import { fineTuningRoutes } from './openai/fine-tuning.ts';
import { metricsRoute } from './metrics.ts';
import { modelRepositoryRoutes } from './v2/model-repository.ts';
import { aliasRoutes } from './v1/aliases.ts';
import { deleteModelRoutes } from './v1/delete-models.ts';
import { modelRoutes } from './v1/models.ts';
import { sessionRoutes } from './v1/sessions/routes.ts';
import { inputStreamScope } from './v1/input-streams/routes.ts';
import { sessionStepsRoute } from './v1/sessions/steps.ts';
import { taskRoutes } from './v1/tasks.ts';
import { openapiRoute } from './openapi.ts';
import { statisticsRoutes } from './v2/statistics.ts';
import { deleteJobRoutes } from './training/delete-jobs.ts';
import { trainingJobRoutes } from './training/jobs.ts';
import { asksForWebSocket } from './websocket.ts';
import { zodSchemas } from './zod-schemas.ts';
import type { AppParts } from './parts.ts';

/** Builds the HTTP application with all its routes. It does not listen. */
export async function buildApp(parts: AppParts) {
  const { metrics, options, logger } = parts;
  const { origin: publicOrigin, host: publicHost, prefix } = parsePublicUrl(options.publicUrl);
  const app = fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    // a path that cannot be decoded never reaches the hooks and the error handler
    frameworkErrors: (error, request, reply) => {
      startRecord(request, reply);
      void reply.headers({ ...corsHeaders(options.corsOrigin), 'x-request-id': request.id });
      sendError(error, request, reply);
    },
    clientErrorHandler: (error, socket) => handleParseError(error, socket, corsHeaders(options.corsOrigin)),
    bodyLimit: options.maxBodyBytes,
    schemaController: zodSchemas,
    routerOptions: { maxParamLength: maxPathSegmentLength, ignoreTrailingSlash: true },
    requestIdHeader: false,
    genReqId: createRequestId,
    childLoggerFactory: createRequestLogger,
    // request-log.ts logs them
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustProxy === '' ? false : options.trustProxy,
    ...(prefix !== '' && { rewriteUrl: ({ url = '/' }: IncomingMessage) => removePrefix(url, prefix) }),
    // responses in progress are finished; shutdown.ts ends those that take too long
    forceCloseConnections: 'idle',
    // a client that sends its request slower than this is disconnected
    requestTimeout: options.receiveMs,
    http: {
      // all others are answered as if they had not asked
      shouldUpgradeCallback: asksForWebSocket,
      // node uses the longer of the two for the whole request
      headersTimeout: Math.min(60_000, options.receiveMs),
      // the interval of its checks
      connectionsCheckingInterval: Math.min(30_000, Math.ceil(options.receiveMs / 2)),
    },
  }).withTypeProvider<ZodTypeProvider>();

  // fastify would parse plain text, and validation would then report a wrong type of value
  app.removeContentTypeParser('text/plain');
  parseJsonBodies(app);
  acceptTensorBodies(app);
  setErrorHandlers(app);
  requireAccess(app);
  expectContinue(app);
  measureRequests(app, metrics);
  logRequests(app);
  // before every hook that may reject the request: every response has its id, and can be read by pages
  app.addHook('onRequest', (request, reply, next) => {
    // fastify, its plugins and this code all listen for the end of a reply: a few more listeners than node expects
    reply.raw.setMaxListeners(20);
    reply.header('x-request-id', request.id);
    next();
  });
  setSecurityHeaders(app);
  await allowOrigin(app, options.corsOrigin);
  checkHost(app, options.anyHost ? null : publicHost === null ? [] : [publicHost]);
  refuseCrossSite(app, { corsOrigin: options.corsOrigin, publicOrigin });
  acceptUntypedBodies(app);
  authenticate(app, options.authentication);
  if (prefix !== '') prefixLocations(app, prefix);
  await limitRate(app, options.rateLimit);
  refuseUnknownPaths(app);
  // before checks of the load: a client must not be asked to retry on a server that shuts down
  refuseWhileDraining(app, parts.draining);
  if (options.maxEventLoopDelayMs > 0) guardEventLoop(app, options.maxEventLoopDelayMs);
  refuseEarly(app, parts.tasks);
  documentation(app, {
    settings: options.settings,
    url: options.publicUrl,
    prefix,
    // the document is open to everybody, and where there are keys, names of models are not
    models: () => (options.authentication.kind === 'keys' ? [] : listExampleModels(parts.tasks.repository)),
  });
  const routes = [
    homeRoute,
    modelRoutes,
    aliasRoutes,
    deleteModelRoutes,
    ...taskRoutes,
    sessionRoutes,
    sessionStepsRoute,
    inputStreamScope,
    uploadScope,
    trainingJobRoutes,
    deleteJobRoutes,
    comparisonRoutes,
    completionRoute,
    embeddingRoute,
    fineTuningRoutes,
    inferenceProtocolRoutes,
    modelRepositoryRoutes,
    statisticsRoutes,
    healthRoutes,
    metricsRoute,
    openapiRoute,
  ];
  await app.register(async (scope) => {
    const typed = scope.withTypeProvider<ZodTypeProvider>();
    await refuseOtherMethods(typed, async () => {
      for (const route of routes) {
        await route(typed, parts);
        // the loader thread waits for replies of this one
        await nextTurn();
      }
    });
  });
  return app;
}
