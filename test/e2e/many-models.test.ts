import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelFolder, models, type ModelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// A folder of so many models that the server listens before they are loaded.

const count = 1100;
/** Of them, those that are not removed at the end. */
const kept = 100;
const patienceMs = 120_000;

let folder: ModelFolder;
let work: string;
let server: ServerProcess;

/** Puts a copy of a model into place as publishing does: complete, by renaming. */
function copyModel(from: string, name: string, to = join(folder.path, name)): void {
  const draft = join(work, name);
  cpSync(join(folder.path, from), draft, { recursive: true });
  const file = join(draft, '1', 'model.json');
  const spec = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...spec, name }));
  renameSync(draft, to);
}
const status = async (path: string): Promise<number> => (await server.get(path)).status;
const classify = async (name: string): Promise<number> =>
  (await server.post(`/v1/models/${name}/classify`, { input: 'what' })).status;
const countReady = async (): Promise<number> => {
  const { data } = (await (await server.get('/v1/models')).json()) as { data: { ready: boolean }[] };
  return data.filter(({ ready }) => ready).length;
};

beforeAll(async () => {
  folder = modelFolder([]);
  work = mkdtempSync(join(tmpdir(), 'unroll-many-'));
  folder.write('m0', 1, models.classifier);
  for (let i = 1; i < count; i++) copyModel('m0', `m${i}`);
  server = await startServer(folder.path, { LOG_LEVEL: 'error' });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
  rmSync(work, { recursive: true, force: true });
});

it('notices new, changed and removed models while the first are loaded', async () => {
  copyModel('m0', 'new');
  await until(async () => (await classify('new')) === 200, patienceMs);
  // what is still to be loaded, and what is not there any more
  rmSync(join(folder.path, `m${count - 1}`), { recursive: true });
  await until(async () => (await status(`/v1/models/m${count - 1}`)) === 404, patienceMs);
  copyModel('m0', 'asked');
  const loaded = await server.post('/v2/repository/models/asked/load', {});
  expect(loaded.status).toBe(200);
  expect(await classify('asked')).toBe(200);
  // one that nobody has called is loaded first for a client that waits until it is ready
  await until(async () => (await status(`/v2/models/m${count - 2}/ready`)) === 200, patienceMs);
  expect(await status('/v2/health/ready')).toBe(503);
}, 300_000);

it('is ready when the last that is still there has been loaded', async () => {
  for (let i = kept; i < count; i++) rmSync(join(folder.path, `m${i}`), { recursive: true, force: true });
  await until(async () => (await status('/v2/health/ready')) === 200, patienceMs);
  expect(await countReady()).toBe(kept + 2);
}, 300_000);
