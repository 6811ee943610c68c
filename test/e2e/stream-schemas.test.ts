import { afterAll, beforeAll, expect, it } from 'vitest';
import type { z } from 'zod';
import { classifyEvents } from '../../src/http/v1/schemas/classify.ts';
import { decodeEvents } from '../../src/http/v1/schemas/decode.ts';
import { generateEvents } from '../../src/http/v1/schemas/generate.ts';
import { predictEvents } from '../../src/http/v1/schemas/predict.ts';
import type { EventData } from '../../src/http/v1/schemas/stream-events.ts';
import { tagEvents } from '../../src/http/v1/schemas/tag.ts';
import { readEvents } from './events.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// What the API's document says of the events of streams is what is sent.

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer('models');
});
afterAll(() => server.stop());

const include = { include: ['hidden', 'gates'], include_units: [0], stream: true };
it.each<[string, object, EventData]>([
  ['language/classify', { input: 'Bonjour', ...include }, classifyEvents],
  ['language/classify', { input: 'Bonjour', return_state: true, stream: true }, classifyEvents],
  ['brown-tagger/tag', { input: 'Time flies.', ...include, include_format: 'base64' }, tagEvents],
  ['pronounce/decode', { input: 'network', stream: true }, decodeEvents],
  ['moby/generate', { prompt: 'Call ', max_tokens: 3, n: 2, logprobs: 2, ...include }, generateEvents],
  ['births/predict', { input: [[9083, 0, 0, 0, 0, 0, 1, 0, 0, 1]], ...include }, predictEvents],
])('the events of %s with %o have no field but those that are documented', async (path, body, schemas) => {
  const reply = await server.post(`/v1/models/${path}`, body);
  const { events } = await readEvents(reply);
  expect(new Set(events.map(({ event }) => event))).toEqual(new Set(Object.keys(schemas)));
  // an object's schema leaves out what it does not know
  for (const { event, data } of events) expect((schemas[event!] as z.ZodType).parse(data)).toEqual(data);
});
