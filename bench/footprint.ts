import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { MemoryParts } from './footprint/memory-parts.ts';
import { startServer, type StartedServer } from './footprint/started-server.ts';
import { median } from './timing.ts';

// The server's footprint when idle and after many requests: time to ready, and resident memory by its parts.
// Linux only: it reads /proc.

const { values: options } = parseArgs({
  options: { starts: { type: 'string', default: '7' }, requests: { type: 'string', default: '10000' } },
});
const starts = Number(options.starts);
const requests = Number(options.requests);
const connections = 16;
const body = JSON.stringify({ input: 'Alle Menschen sind frei und gleich an Würde und Rechten geboren.' });

const compileCache = mkdtempSync(join(tmpdir(), 'unroll-footprint-cache-'));
try {
  console.log(
    `Node ${process.version}; ${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} CPUs\n`,
  );
  const cold = await timeStart();
  const warm = [];
  for (let start = 0; start < starts; start++) warm.push(await timeStart());
  console.log(`start to ready      ms   CPU ms
first, cold   ${row(cold)}
after, median ${row([median(warm.map(([ms]) => ms)), median(warm.map(([, cpu]) => cpu))])}
after, least  ${row([Math.min(...warm.map(([ms]) => ms)), Math.min(...warm.map(([, cpu]) => cpu))])}   of ${starts}
`);

  const server = await startServer({ probe: true, compileCache });
  try {
    const idle = await server.memory();
    const cpuBefore = server.cpuMs();
    await classify(server);
    const cpuMsPerRequest = (server.cpuMs() - cpuBefore) / requests;
    const after = await server.memory();
    console.log(`${'resident MB'.padEnd(34)} idle   after ${requests} classify requests`);
    for (const part of Object.keys(idle) as (keyof MemoryParts)[])
      console.log(part.padEnd(32), megabytes(idle[part]), megabytes(after[part]));
    console.log(`\n${cpuMsPerRequest.toFixed(3)} ms of processor time a request`);
    const folder = `${import.meta.dirname}/results`;
    mkdirSync(folder, { recursive: true });
    const conditions = { node: process.version, cpu: cpus()[0]?.model, cpus: availableParallelism() };
    const results = { conditions, cold, warm, idle, requests, after, cpuMsPerRequest };
    writeFileSync(`${folder}/footprint.json`, `${JSON.stringify(results, null, 1)}\n`);
  } finally {
    await server.stop();
  }
} finally {
  rmSync(compileCache, { recursive: true });
}

async function timeStart(): Promise<readonly [ms: number, cpuMs: number]> {
  const server = await startServer({ probe: false, compileCache });
  await server.stop();
  return [server.readyMs, server.readyCpuMs];
}

async function classify({ url }: StartedServer): Promise<void> {
  let left = requests;
  const send = async (): Promise<void> => {
    while (left-- > 0) {
      const reply = await fetch(`${url}/v1/models/language/classify`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
      await reply.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: connections }, send));
}

function row([ms, cpuMs]: readonly [number, number]): string {
  return `${ms.toFixed(0).padStart(8)} ${cpuMs.toFixed(0).padStart(8)}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1).padStart(6);
}
