import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutKey } from '../src/access/caller.ts';
import { scopes } from '../src/access/scopes.ts';
import { describeConfig } from '../src/config.ts';
import { buildApp } from '../src/http/app.ts';
import { withExamples } from '../src/http/openapi-examples.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';
import { toClientOperations, toClientTypes, type ApiDocument } from './openapi/client-types.ts';
import { readShippedModels } from './shipped-models.ts';

// Writes openapi/openapi.json from the routes and the examples of the shipped models, and the TypeScript client's types
// from it, or with --check fails if they differ.

const app = await buildApp({
  // the document depends only on the routes' schemas: no task is run
  tasks: { repository: { list: () => [] } } as never,
  sessions: {} as never,
  stateTokens: {} as never,
  training: { maxDatasetBytes: 1 } as never,
  metrics: createMetrics(),
  logger: false,
  closing: () => false,
  draining: () => false,
  connectionsFull: () => false,
  stopping: new AbortController().signal,
  options: {
    maxBodyBytes: 1,
    receiveMs: 1000,
    rateLimit: 0,
    corsOrigin: '',
    authentication: { kind: 'none', caller: withoutKey(scopes) },
    metricsAccess: 'infer',
    anyHost: true,
    publicUrl: '',
    trustProxy: '',
    maxEventLoopDelayMs: 0,
    pingMs: 1000,
    settings: describeConfig(),
  },
});
await app.ready();
const document = withExamples(await app.describeApi(), readShippedModels());
await app.close();

const files = {
  'openapi/openapi.json': `${JSON.stringify(document, null, 2)}\n`,
  'src/client/operations.ts': await toClientOperations(document as unknown as ApiDocument),
  'src/client/api.ts': await toClientTypes(document as unknown as ApiDocument),
};
for (const [name, text] of Object.entries(files)) {
  const path = join(import.meta.dirname, '..', name);
  if (process.argv.includes('--write')) {
    writeFileSync(path, text);
  } else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${name} differs from the routes or the shipped examples: run npm run openapi`);
    process.exitCode = 1;
  } else {
    console.log(`${name} matches the routes`);
  }
}
