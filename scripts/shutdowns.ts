import { cpSync, mkdtempSync, rmSync, writeFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { zipSync } from 'fflate';
import { startProcess } from '../test/e2e/start-process.ts';
import { shutDownUnderLoad } from '../test/e2e/shutdown/load.ts';

// Repeats SIGTERM under load: `npm run shutdowns -- --runs 20 --streams 200`. In odd runs streams exceed the
// drain time, in even runs they finish; every third run loads models meanwhile, every fourth a zip.

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, streams: { type: 'string', default: '200' } },
});
const runs = Number(values.runs);
const streams = Number(values.streams);
const root = join(import.meta.dirname, '..');
let failed = 0;

for (let run = 1; run <= runs; run++) {
  const folder = mkdtempSync(join(tmpdir(), 'unroll-shutdowns-'));
  const models = join(folder, 'models');
  cpSync(join(root, 'models'), models, { recursive: true });
  const endless = run % 2 === 1;
  const server = await startProcess(models, join(folder, 'data'), {
    settings: {
      MAX_TOKENS: 1_000_000,
      DRAIN_MS: endless ? 1500 : 60_000,
      QUEUE: 4096,
      MAX_EVENT_LOOP_DELAY_MS: 0,
      RECEIVE_MS: 600_000,
    },
  });
  const loading = run % 4 === 0 ? 'a zip' : run % 3 === 0 ? 'models' : 'nothing';
  const { exitCode, ms, counts, faults } = await shutDownUnderLoad(server, {
    streams,
    // the slots of two workers
    begun: Math.min(64, streams),
    tokens: endless ? 1_000_000 : 400,
    fresh: 4,
    kept: 4,
    idle: 10,
    unfinished: endless,
    writer: 'moby',
    classifier: 'language',
    before: () =>
      loading === 'models' ? addModels(models) : loading === 'a zip' ? addZip(models) : undefined,
  });
  if (exitCode !== 0 || faults.length > 0) failed++;
  console.log(
    `run ${run}: exit ${exitCode} after ${Math.round(ms)} ms, loading ${loading}, ${endless ? 'endless' : 'short'} streams:`,
    JSON.stringify(counts),
    faults.length === 0
      ? ''
      : `\n  ${faults.length} FAULTS ${faults.slice(0, 5).join('\n  ')}\n${server.output().slice(-1000)}`,
  );
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${runs} shutdowns, ${failed} with a fault`);
process.exitCode = failed === 0 ? 0 : 1;

/** Adds enough versions for a scan of several seconds. */
function addModels(models: string): void {
  for (let version = 2; version < 30; version++)
    cpSync(join(models, 'moby/1'), join(models, `moby/${version}`), { recursive: true });
}

/** Adds a model with 60 MB in a zip, and waits for the scan to find it. */
async function addZip(models: string): Promise<void> {
  const spec = JSON.parse(readFileSync(join(models, 'moby/1/model.json'), 'utf8')) as object;
  const numbers = new Float32Array(15_000_000).map((_, i) => Math.sin(i));
  const draft = join(models, '.zipped');
  mkdirSync(join(draft, '1'), { recursive: true });
  writeFileSync(
    join(draft, '1/model.json'),
    JSON.stringify({ ...spec, name: 'zipped', weights: { file: 'w.npz' } }),
  );
  writeFileSync(join(draft, '1/w.npz'), zipSync({ 'w.npy': new Uint8Array(numbers.buffer) }, { level: 1 }));
  renameSync(draft, join(models, 'zipped'));
  await new Promise((resolve) => setTimeout(resolve, 400));
}
