import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { on } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { median } from './timing.ts';
import { createRateProbe } from './train/multiply-add-rate.ts';
import { batch, classes, embedding, operations, steps, trainingCases, vocabulary } from './train/networks.ts';

// Training steps per second, compared with PyTorch and TensorFlow.js: same networks, batch and length, Adam
// included, alternating.

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    python: { type: 'string', default: '/usr/bin/python3' },
    /** TensorFlow.js takes minutes a step for large networks: it is skipped above this many units. */
    'tfjs-units': { type: 'string', default: '256' },
  },
});
const rounds = Number(options.rounds);
const here = import.meta.dirname;

interface Contender {
  readonly name: string;
  readonly version: string;
  /** @returns milliseconds a step, and the loss of the last */
  round(count: number): Promise<{ ms: number; loss: number }>;
  end(): void;
}

const hasTorch = spawnSync(options.python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;
if (!hasTorch)
  console.log(`no PyTorch for ${options.python}: it is skipped (Debian: apt-get install python3-torch)`);
const measureRate = createRateProbe();
const rate = Math.max(...Array.from({ length: 15 }, measureRate));
console.log(
  `${cpus()[0]?.model}, ${cpus().length} CPUs, Node ${process.version}; multiply-adds in registers: ${rate.toFixed(0)} GFLOP/s a thread`,
);
console.log(
  `batch ${batch}, ${steps} steps, embedding ${embedding}, Adam included; medians of ${rounds} alternating rounds\n`,
);

const results = [];
for (const one of trainingCases.filter(({ name }) => !options.only || name.startsWith(options.only))) {
  const { kind, units, name } = one;
  const node = (script: string, ...rest: string[]) =>
    start(process.execPath, [`${here}/train/${script}`, kind, String(units), ...rest]);
  const torch = (threads: number) =>
    start(options.python, [
      `${here}/train/in-torch.py`,
      kind,
      String(units),
      String(threads),
      ...[batch, steps, vocabulary, embedding, classes].map(String),
    ]);
  const contenders = [
    await contend('unroll, 1 thread', node('in-ours.ts', '1')),
    await contend('unroll, 2 threads', node('in-ours.ts', '2')),
    ...(hasTorch
      ? [await contend('PyTorch, 1 thread', torch(1)), await contend('PyTorch, 2 threads', torch(2))]
      : []),
    ...(units <= Number(options['tfjs-units']) ? [await contend('TensorFlow.js', node('in-tfjs.ts'))] : []),
  ];
  const times = contenders.map((): number[] => []);
  // one step each first, to exclude one-time work; then rounds of about a second, at most 20 steps
  const counts = [];
  for (const contender of contenders) {
    await contender.round(1);
    counts.push(Math.max(1, Math.min(20, Math.floor(1000 / (await contender.round(1)).ms))));
  }
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++)
    for (const [index, contender] of contenders.entries()) {
      // a slow contender is measured a few times only
      if (counts[index] === 1 && round >= 3) continue;
      const { ms } = await contender.round(counts[index]!);
      times[index]!.push(ms);
      if (index === 0) shares.push(operations(one) / ms / 1e6 / measureRate());
    }
  const ours = median(times[0]!);
  const share = median(shares);
  console.log(
    `${name}: forward and backward reach ${(share * 100).toFixed(0)} % of the multiply-add rate (1 thread, Adam included)`,
  );
  for (const [index, contender] of contenders.entries()) {
    const ms = median(times[index]!);
    console.log(
      `  ${contender.name.padEnd(20)} ${(1000 / ms).toFixed(2).padStart(8)} steps/s  ${ms.toFixed(1).padStart(9)} ms  ${(ms / ours).toFixed(1).padStart(7)} × ours`,
    );
    results.push({
      case: name,
      contender: contender.name,
      version: contender.version,
      ms,
      times: times[index],
      share: index === 0 ? share : null,
    });
    contender.end();
  }
}
mkdirSync(`${here}/results`, { recursive: true });
writeFileSync(
  `${here}/results/train.json`,
  `${JSON.stringify({ rate, cpu: cpus()[0]?.model, node: process.version, results }, null, 1)}\n`,
);

function start(file: string, args: string[]): ChildProcess {
  return spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function contend(name: string, child: ChildProcess): Promise<Contender> {
  const lines = on(createInterface({ input: child.stdout! }), 'line');
  const next = async (): Promise<Record<string, unknown>> => {
    const { value } = (await lines.next()) as { value: [string] };
    return JSON.parse(value[0]) as Record<string, unknown>;
  };
  const { ready } = await next();
  return {
    name,
    version: String(ready),
    async round(count) {
      child.stdin!.write(`${count}\n`);
      return (await next()) as { ms: number; loss: number };
    },
    end: () => child.kill(),
  };
}
