import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder, models } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

const folder = modelFolder();
let server: ServerProcess;

/** A folder `name/1` with a good model.json and the given weights file. */
function brokenWeights(name: string, weights: Uint8Array): void {
  folder.write(name, 1, models.classifier);
  writeFileSync(join(folder.path, name, '1', 'weights.safetensors'), weights);
}
/** A safetensors file with any header. */
function safetensors(header: object | string, bytes = 0, lie?: bigint): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(lie ?? BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(bytes)]);
}
const tensor = (shape: number[], from: number, to: number): object => ({
  dtype: 'F32',
  shape,
  data_offsets: [from, to],
});

beforeAll(async () => {
  brokenWeights('truncated', safetensors({ a: tensor([4], 0, 16) }, 8));
  brokenWeights('header-too-long', safetensors({}, 0, 2n ** 62n));
  brokenWeights('overlap', safetensors({ a: tensor([2], 0, 8), b: tensor([2], 4, 12) }, 12));
  brokenWeights('absurd', safetensors({ a: tensor([2 ** 40, 2 ** 40], 0, 16) }, 16));
  brokenWeights('not-json', safetensors('{"a": '));
  brokenWeights('empty', new Uint8Array());
  folder.write('missing-weights', 1, models.classifier);
  rmSync(join(folder.path, 'missing-weights', '1', 'weights.safetensors'));
  folder.write('wrong-shape', 1, models.classifier);
  writeFileSync(
    join(folder.path, 'wrong-shape', '1', 'model.json'),
    JSON.stringify({ schema: 1, name: 'wrong-shape', ...models.tagger }),
  );
  folder.write('unknown-layer', 1, models.classifier);
  writeFileSync(
    join(folder.path, 'unknown-layer', '1', 'model.json'),
    JSON.stringify({
      schema: 1,
      name: 'unknown-layer',
      ...models.classifier,
      network: { layers: [{ type: 'transformer' }] },
    }),
  );
  mkdirSync(join(folder.path, 'outside', '1'), { recursive: true });
  symlinkSync('/etc/hostname', join(folder.path, 'outside', '1', 'model.json'));
  server = await startServer(folder.path);
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

describe('a broken model', () => {
  const reasons: Record<string, RegExp> = {
    truncated: /./,
    'header-too-long': /header/,
    overlap: /overlap/,
    absurd: /./,
    'not-json': /JSON/,
    empty: /./,
    'missing-weights': /weights\.safetensors/,
    'wrong-shape': /layer recurrent_1/,
    'unknown-layer': /network\.layers/,
    outside: /./,
  };
  it.each(Object.entries(reasons))('%s is listed with its reason and answers 503', async (name, reason) => {
    const shown = (await (await server.get(`/v1/models/${name}`)).json()) as {
      ready: boolean;
      error: string;
    };
    expect(shown.ready).toBe(false);
    expect(shown.error).toMatch(reason);
    expect(shown.error).not.toContain(folder.path);
    const reply = await server.post(`/v1/models/${name}/classify`, { input: 'a' });
    expect(reply.status).toBe(503);
    expect(await reply.json()).toMatchObject({ code: 'model_not_ready' });
  });

  it('does not stop the others', async () => {
    expect(await server.ask('/v1/models/classifier/classify', { input: 'still here' })).toMatchObject({
      model: 'classifier',
    });
    expect((await server.get('/v2/health/ready')).status).toBe(200);
  });
});
