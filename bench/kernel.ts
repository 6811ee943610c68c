import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import manifest from './package.json' with { type: 'json' };
import type { Measured } from './measure.ts';
import { pinnedCpu, spawnPinned } from './pinned.ts';
import { median } from './timing.ts';

// Compares our kernel with onnxruntime-node: same weights, one thread, alternating, each process pinned to
// one CPU.

const { values: options } = parseArgs({
  options: {
    plain: { type: 'boolean', default: false },
    only: { type: 'string' },
    processes: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '21' },
  },
});
const cpu = pinnedCpu();
const measureArguments = [
  ...(options.plain ? ['--plain'] : []),
  ...(options.only ? ['--only', options.only] : []),
  '--rounds',
  options.rounds,
];

const processes: Measured[][] = [];
for (let process = 0; process < Number(options.processes); process++) processes.push(await measureOnce());
const first = processes[0] ?? [];
const conditions = {
  node: process.version,
  v8: process.versions.v8,
  onnxruntime: manifest.dependencies['onnxruntime-node'],
  cpu: cpus()[0]?.model ?? 'unknown',
  cpus: cpus().length,
  pinnedTo: cpu,
  kernel: first[0]?.kernel ?? null,
  processes: processes.length,
  rounds: Number(options.rounds),
};
const results = first.map(({ name }) =>
  summary(processes.flatMap((process) => process.filter((one) => one.name === name))),
);

printConditions();
for (const result of results) printResult(result);
writeResults();

async function measureOnce(): Promise<Measured[]> {
  const measured: Measured[] = [];
  const child = spawnPinned('measure.ts', measureArguments, cpu);
  child.on('message', (message) => {
    measured.push(message as Measured);
    process.stderr.write(`measured ${(message as Measured).name}\n`);
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the measuring process ended with ${code}`);
  return measured;
}

/** One case over all processes: µs of one step of all rows, and onnxruntime's time over ours. */
function summary(runs: readonly Measured[]) {
  const [{ name, target, steps }] = runs as [Measured];
  const microseconds = (side: 'ours' | 'peer') =>
    runs.map(({ comparison }) => (median(comparison[side]) / steps) * 1000);
  const roundRatios = runs.map(({ comparison }) =>
    comparison.peer.map((peer, round) => peer / comparison.ours[round]!),
  );
  const ratios = roundRatios.map(median);
  return {
    name,
    target,
    error: Math.max(...runs.map((run) => run.error)),
    onnxruntimeMicroseconds: median(microseconds('peer')),
    oursMicroseconds: median(microseconds('ours')),
    ratio: median(ratios),
    ratioOfEachProcess: ratios,
    roundRatioLowest: Math.min(...roundRatios.flat()),
    roundRatioHighest: Math.max(...roundRatios.flat()),
  };
}

function printConditions(): void {
  const where = cpu === null ? 'not pinned (no taskset)' : `pinned to CPU ${cpu}`;
  console.log(`
onnxruntime-node ${conditions.onnxruntime} (CPU provider, 1 thread, all graph optimisations) against Unroll's kernel
  kernel: ${conditions.kernel?.path}: ${conditions.kernel?.reason}
  Node ${conditions.node}, V8 ${conditions.v8}; ${conditions.cpu}, ${conditions.cpus} CPUs, ${where}
  ${conditions.processes} process(es), ${conditions.rounds} rounds each, alternating; T = 100, same random weights; float32 unless the case says otherwise,
  "-int8-int8": onnxruntime's weights are int8 too (DynamicQuantizeLSTM)
  generation: one token a call for all rows, the same JavaScript softmax sampler (included in the times) on both sides
  a time is the median of processor time, in µs of one step of all rows; ratio is the median over rounds of onnxruntime's time over ours
  (above 1: ours is faster)
`);
  console.log(
    'case                  onnxruntime       ours   ratio  [lowest–highest round]  target  largest error',
  );
}

function printResult(result: ReturnType<typeof summary>): void {
  console.log(
    [
      result.name.padEnd(20),
      result.onnxruntimeMicroseconds.toFixed(2).padStart(12),
      result.oursMicroseconds.toFixed(2).padStart(10),
      result.ratio.toFixed(2).padStart(7),
      `[${result.roundRatioLowest.toFixed(2)}–${result.roundRatioHighest.toFixed(2)}]`.padStart(23),
      (result.target?.toFixed(2) ?? '–').padStart(8),
      result.error.toExponential(1).padStart(14),
    ].join(' '),
  );
}

function writeResults(): void {
  const folder = `${import.meta.dirname}/results`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/kernel.json`, `${JSON.stringify({ conditions, results, processes }, null, 1)}\n`);
}
