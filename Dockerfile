# The base image has Node 24, so the Node binaries among the optional dependencies stay out.
FROM node:24-slim AS build
WORKDIR /unroll
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --ignore-scripts
COPY bin ./bin
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.ts
RUN npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:24-slim
WORKDIR /unroll
COPY --from=build /unroll/node_modules ./node_modules
COPY --from=build /unroll/build ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY openapi ./openapi
# Training jobs publish into `models` and keep their state in `data`; everything else is read only.
COPY --chown=node:node models ./models
RUN mkdir -p data node_modules/.cache/unroll && chown node:node data node_modules/.cache/unroll

ENV NODE_ENV=production MALLOC_ARENA_MAX=2 UNROLL_HOST=0.0.0.0 UNROLL_PORT=8080 UNROLL_MODELS=/unroll/models UNROLL_DATA=/unroll/data
VOLUME ["/unroll/data", "/unroll/models"]
USER node
# what a start compiles, for all containers
RUN node --max-semi-space-size=8 --no-parallel-scavenge --no-allocation-site-pretenuring bin/fill-compile-cache.js
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.UNROLL_PORT}/v2/health/live`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
# Exec form: node itself is process 1, so SIGTERM reaches the server and drains it.
CMD ["node", "--max-semi-space-size=8", "--no-parallel-scavenge", "--no-allocation-site-pretenuring", "bin/unroll.js", "serve"]
