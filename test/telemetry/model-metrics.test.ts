import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createModelStatistics } from '../../src/repository/model-statistics.ts';
import { observeModels, type MeasuredModel } from '../../src/telemetry/model-metrics.ts';

function measured(model: string, requests: number, version = 1): MeasuredModel {
  const statistics = createModelStatistics();
  for (let i = 0; i < requests; i++) {
    statistics.startRequest()(i > 0);
    statistics.onSequenceEnd({ queuedMs: 1, runMs: 2, steps: 10 });
  }
  return { model, version, task: 'classify', path: 'plain', aliases: [], usage: statistics.usage };
}

async function scraper(models: MeasuredModel[]) {
  const registry = new Registry();
  observeModels(registry, () => models);
  return async () => (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#'));
}

it('gives each version its own series, once it was called', async () => {
  const scrape = await scraper([measured('names', 3, 2), measured('idle', 0)]);
  const lines = await scrape();
  const labels = 'model="names",version="2",task="classify"';
  for (const line of [
    `unroll_model_requests_total{${labels},outcome="success"} 2`,
    `unroll_model_requests_total{${labels},outcome="failure"} 1`,
    `unroll_model_steps_total{${labels}} 30`,
    `unroll_queue_duration_seconds_bucket{le="0.001",${labels}} 3`,
    `unroll_model_request_duration_seconds_count{${labels}} 3`,
    `unroll_model_kernel_info{${labels},path="plain"} 1`,
  ])
    expect(lines).toContain(line);
  expect(lines.filter((line) => line.includes('"idle"'))).toEqual([
    'unroll_model_kernel_info{model="idle",version="1",task="classify",path="plain"} 1',
  ]);
  expect(lines.some((line) => line.startsWith('unroll_inter_token'))).toBe(false);
});

it('drops the series of a version that is not loaded any more', async () => {
  const models = [measured('a', 1), measured('b', 1)];
  const scrape = await scraper(models);
  expect((await scrape()).join()).toContain('model="b"');
  models.pop();
  expect((await scrape()).join()).not.toContain('model="b"');
});

it('counts versions beyond the limit together, and keeps the labels of those that had them', async () => {
  const models = Array.from({ length: 256 }, (_, i) => measured(`m${i}`, 1));
  const scrape = await scraper(models);
  expect((await scrape()).join()).not.toContain('(others)');
  models.unshift(measured('late', 2), measured('later', 3));
  const requests = (await scrape()).filter((line) => line.startsWith('unroll_model_requests_total'));
  expect(requests).toHaveLength(257 * 2);
  expect(requests).toContain(
    'unroll_model_requests_total{model="(others)",version="",task="",outcome="success"} 3',
  );
  expect(requests.join()).not.toContain('"late"');
});
