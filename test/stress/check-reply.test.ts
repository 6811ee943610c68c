import { expect, it } from 'vitest';
import { checkReply } from '../../stress/fuzz/check-reply.ts';
import { createReport } from '../../stress/scenario.ts';
import type { Reply } from '../../stress/server/request.ts';

const operation = { path: '/v1/models/{model}/classify', method: 'POST', query: [], body: {} };
const request = { operation, method: 'POST', path: '/v1/models/a/classify', body: '{}' };
const problem = JSON.stringify({ code: 'model_not_found', detail: 'there is no model a' });
const reply = (changes: Partial<Reply>): Reply => ({
  status: 404,
  headers: { 'content-type': 'application/problem+json' },
  body: problem,
  ms: 1,
  error: null,
  localPort: 1,
  ...changes,
});
const countFaults = (changes: Partial<Reply>, path = operation.path): number => {
  const report = createReport('test', 1, () => {});
  checkReply({ ...request, operation: { ...operation, path } }, reply(changes), [], report);
  return report.faults;
};

it.each([{}, { status: 200, body: '{}' }, { status: 503, body: problem }])('accepts %j', (changes) => {
  expect(countFaults(changes)).toBe(0);
});

it.each([
  { status: 500 },
  { status: 502 },
  { error: 'TIMEOUT' },
  { error: 'ECONNRESET' },
  { headers: { 'content-type': 'text/html' } },
  { body: '{"code":"unheard_of","detail":"x"}' },
  { body: '{"code":"model_not_found","detail":""}' },
])('reports a fault for %j', (changes) => {
  expect(countFaults(changes)).toBe(1);
});

it('accepts the form of OpenAI on its routes only', () => {
  const body =
    '{"error":{"message":"there is no model a","type":"invalid_request_error","param":"model","code":"model_not_found"}}';
  expect(countFaults({ body }, '/v1/embeddings')).toBe(0);
  expect(countFaults({}, '/v1/embeddings')).toBe(1);
  expect(countFaults({ body })).toBe(1);
});
