# The base image has Node 24, so the Node binaries among the optional dependencies stay out.
FROM node:24-slim AS dependencies
WORKDIR /unroll
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-slim
WORKDIR /unroll
COPY --from=dependencies /unroll/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
COPY openapi ./openapi
COPY models ./models

ENV NODE_ENV=production UNROLL_HOST=0.0.0.0 UNROLL_PORT=8080 UNROLL_MODELS=/unroll/models
# Nothing is written to disk: `docker run --read-only` works.
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.UNROLL_PORT}/v2/health/live`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
# node itself is process 1, so SIGTERM reaches the server and drains it.
CMD ["node", "--max-semi-space-size=8", "bin/unroll.js", "serve"]
