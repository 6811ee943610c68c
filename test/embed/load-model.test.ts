import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, createServer, loadModel, UnrollError } from '../../src/index.ts';
import { modelFolder } from '../e2e/model-folder.ts';

const folder = modelFolder(['classifier', 'writer']);
const empty = mkdtempSync(join(tmpdir(), 'unroll-embed-'));
afterAll(() => {
  folder.remove();
  rmSync(empty, { recursive: true });
});

describe('a model in another program', () => {
  it('answers as the API, whole and as a stream, and throws what it refuses by code', async () => {
    const model = await loadModel(join(folder.path, 'writer'), { workers: 1 });
    try {
      expect(model).toMatchObject({ name: 'writer', task: 'generate', version: 1 });
      const body = { prompt: 'ab', max_tokens: 4, seed: 1 };
      const [whole] = (await model.generate(body)).generations;
      const events = await Array.fromAsync(model.stream('generate', body));
      expect(events.map(({ event }) => event)).toEqual(['token', 'token', 'token', 'token', 'done']);
      expect(events.map((event) => (event.event === 'token' ? event.data.text : '')).join('')).toBe(
        whole!.text,
      );
      const refused = model.classify({ input: 'x' });
      await expect(refused).rejects.toThrow(UnrollError);
      await expect(refused).rejects.toMatchObject({ code: 'wrong_task', status: 409 });
    } finally {
      await model.close();
    }
  });

  it('is refused with the reason where there is none', async () => {
    await expect(loadModel(join(empty, 'none'))).rejects.toThrow('none: there is no model');
    await expect(loadModel(empty)).rejects.toThrow(empty);
  });
});

describe('a server in another program', () => {
  it('answers over HTTP and without, and ends', async () => {
    const server = await createServer({
      port: 0,
      models: folder.path,
      data: empty,
      training_jobs: 0,
      log_level: 'silent',
    });
    const [there, here] = await Promise.all([fetch(`${server.url}/v1/models`), server.fetch('/v1/models')]);
    expect(await here.json()).toEqual(await there.json());
    expect((await server.fetch('/v1/models/nobody')).status).toBe(404);
    await server.close();
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });

  it('names wrong settings as they were given', async () => {
    const wrong = createServer({ port: -1, max_steps: 0 });
    await expect(wrong).rejects.toThrow(ConfigError);
    await expect(wrong).rejects.toThrow('port: must be an integer from 0 to 65535, was "-1"');
    await expect(createServer({ portt: 1 } as object)).rejects.toThrow('portt: there is no such setting');
  });
});
