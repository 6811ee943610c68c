import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { classifyLoad } from './classify-load.ts';
import { generateLoad } from './generate-load.ts';
import { compareWithPeer } from './peer/compare.ts';
import { startServer } from './server-process.ts';

// The whole server under load from this machine: classification on plain requests, generation on streams.

const { values: options } = parseArgs({ options: { peer: { type: 'boolean' }, only: { type: 'string' } } });
if (options.peer) {
  await compareWithPeer(options.only?.split(',') ?? null);
  process.exit();
}

const concurrency = [1, 8, 32];
const secondsEach = 8;
const tokensEach = 400;

const server = await startServer();
try {
  await classifyLoad(server.url, 8, 2);
  await generateLoad(server.url, 8, tokensEach);
  console.log(`
Node ${process.version}; ${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} CPUs, which the client shares with the server

classify (model language, one sentence of about 60 characters a request, ${secondsEach} s each)
connections   requests/s   p50 ms   p99 ms   failed`);
  const classify = [];
  for (const connections of concurrency) {
    const load = await classifyLoad(server.url, connections, secondsEach);
    classify.push(load);
    const { requestsPerSecond, p50Milliseconds, p99Milliseconds, failed } = load;
    console.log(
      row(
        [connections, 11],
        [requestsPerSecond.toFixed(0), 12],
        [p50Milliseconds, 8],
        [p99Milliseconds, 8],
        [failed, 8],
      ),
    );
  }

  console.log(`
generate (model moby, ${tokensEach} characters a stream)
streams   tokens/s   first token ms   ms between tokens   failed`);
  const generate = [];
  for (const streams of concurrency) {
    const load = await generateLoad(server.url, streams, tokensEach);
    generate.push(load);
    const { tokensPerSecond, firstTokenMilliseconds, betweenTokensMilliseconds, failed } = load;
    console.log(
      row(
        [streams, 7],
        [tokensPerSecond.toFixed(0), 10],
        [firstTokenMilliseconds.toFixed(1), 16],
        [betweenTokensMilliseconds.toFixed(3), 19],
        [failed, 8],
      ),
    );
  }
  const folder = `${import.meta.dirname}/results`;
  mkdirSync(folder, { recursive: true });
  const conditions = { node: process.version, cpu: cpus()[0]?.model, cpus: availableParallelism() };
  writeFileSync(`${folder}/serve.json`, `${JSON.stringify({ conditions, classify, generate }, null, 1)}\n`);
} finally {
  await server.stop();
}

function row(...cells: readonly (readonly [value: string | number, width: number])[]): string {
  return cells.map(([value, width]) => String(value).padStart(width)).join(' ');
}
