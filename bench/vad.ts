import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createParser } from 'eventsource-parser';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readImportedFile } from '../src/formats/read-imported.ts';
import { graphSettings } from '../src/formats/onnx/graph-settings.ts';
import { createKernel } from '../src/cells/create-kernel.ts';
import { arenaBytes } from '../src/network/layout.ts';
import { compileNetwork } from '../src/network/compile-network.ts';
import { createRunner } from '../src/network/runner.ts';
import { startServer } from './server-process.ts';
import { speechLike } from './speech-like.ts';
import { compareAlternating, median } from './timing.ts';

// Silero VAD, a pretrained voice detector, from the npm package @ricky0123/vad-web: served from its own ONNX
// file, frame by frame with its state, and compared with onnxruntime-node on the same frames.

const rate = 16_000;
const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rounds: { type: 'string', default: '11' } },
});
const folder = join(import.meta.dirname, 'node_modules/@ricky0123/vad-web/dist');

interface Detector {
  readonly name: string;
  readonly file: string;
  /** The graph settings in model.json. */
  readonly graph: object;
  readonly frame: number;
  /** Samples of the previous frame that precede each frame. */
  readonly context: number;
  readonly states: Readonly<Record<string, readonly [output: string, shape: readonly number[]]>>;
}
const latest = {
  graph: { set: { sr: rate }, shapes: { input: [1, 576] }, context: 64 },
  frame: 512,
  context: 64,
  states: { state: ['stateN', [2, 1, 128]] },
} as const;
const detectors: readonly Detector[] = [
  { name: 'silero-v5', file: 'silero_vad_v5.onnx', ...latest },
  { name: 'silero-v6', file: 'silero_vad_v6.onnx', ...latest },
  {
    name: 'silero-legacy',
    file: 'silero_vad_legacy.onnx',
    graph: { set: { sr: rate }, shapes: { input: [1, 1536] } },
    frame: 1536,
    context: 0,
    states: { h: ['hn', [2, 1, 64]], c: ['cn', [2, 1, 64]] },
  },
];

const models = mkdtempSync(join(tmpdir(), 'unroll-vad-'));
for (const { name, file, graph } of detectors) {
  mkdirSync(join(models, name, '1'), { recursive: true });
  cpSync(join(folder, file), join(models, name, '1', file));
  writeFileSync(join(models, name, '1', 'model.json'), JSON.stringify({ weights: { file }, graph }));
}
const audio = speechLike(Number(options.seconds), rate);
const server = await startServer({ UNROLL_MODELS: models, UNROLL_MAX_BODY_BYTES: String(64 * 2 ** 20) });
let failed = false;
try {
  for (const detector of detectors) await compare(detector);
} finally {
  await server.stop();
  rmSync(models, { recursive: true });
}
process.exitCode = failed ? 1 : 0;

async function compare(detector: Detector): Promise<void> {
  const { name, frame } = detector;
  const count = Math.floor(audio.length / frame);
  const frames = Array.from({ length: count }, (_, t) => audio.subarray(t * frame, (t + 1) * frame));
  const peer = await inOnnxruntime(detector);
  const expected: number[] = [];
  for (const [t] of frames.entries()) expected.push(await peer(t));
  const seen = await streamed(name, frames);
  const worst = Math.max(...expected.map((value, t) => Math.abs(value - (seen[t] ?? NaN))));
  const voiced = expected.filter((value) => value > 0.5).length;
  console.log(
    `${name}: ${count} frames of ${frame} samples, ${(audio.length / rate).toFixed(0)} s, ${voiced} with a voice; ` +
      `largest difference from onnxruntime-node, streamed over HTTP: ${worst.toExponential(1)}`,
  );
  if (!(worst < 1e-5) || seen.length !== count) failed = true;

  const ours = await inOurs(detector);
  const steps = Math.min(count, 200);
  const times = await compareAlternating(
    () => ours(frames.slice(0, steps)),
    async () => {
      for (let t = 0; t < steps; t++) await peer(t);
    },
    Number(options.rounds),
  );
  const [own, other] = [median(times.ours), median(times.peer)].map((ms) => (1000 * ms) / steps);
  console.log(
    `  one frame, one thread, medians of ${options.rounds} alternating rounds: Unroll ${own!.toFixed(0)} µs, onnxruntime-node ${other!.toFixed(0)} µs, ` +
      `ratio ${median(times.peer.map((ms, round) => ms / times.ours[round]!)).toFixed(2)}`,
  );
}

/**
 * The detector in onnxruntime.
 * @returns a function for the probability of a frame, which keeps the state between calls
 */
async function inOnnxruntime({
  file,
  frame,
  context,
  states,
}: Detector): Promise<(t: number) => Promise<number>> {
  const session = await InferenceSession.create(join(folder, file), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const sr = new Tensor('int64', BigInt64Array.of(BigInt(rate)), []);
  let state: Record<string, Tensor> = Object.fromEntries(
    Object.entries(states).map(([name, [, shape]]) => [
      name,
      new Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), shape),
    ]),
  );
  return async (t) => {
    const input = new Float32Array(context + frame);
    if (t > 0) input.set(audio.subarray(t * frame - context, t * frame));
    input.set(audio.subarray(t * frame, (t + 1) * frame), context);
    const outputs = await session.run({
      input: new Tensor('float32', input, [1, input.length]),
      ...state,
      sr,
    });
    state = Object.fromEntries(
      Object.entries(states).map(([name, [output]]) => [name, outputs[output] as Tensor]),
    );
    return (outputs['output']!.data as Float32Array)[0]!;
  };
}

/** The frames in one request of a running server, a `step` event each. */
async function streamed(name: string, frames: readonly Float32Array[]): Promise<number[]> {
  const seen: number[] = [];
  const parser = createParser({
    onEvent({ event, data }) {
      if (event === 'step') seen.push((JSON.parse(data) as { output: number[] }).output[0]!);
      if (event === 'error') throw new Error(data);
    },
  });
  const reply = await fetch(`${server.url}/v1/models/${name}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: frames.map((frame) => Array.from(frame)), stream: true }),
  });
  if (!reply.ok || !reply.body) throw new Error(await reply.text());
  for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) parser.feed(piece);
  return seen;
}

/** The detector on our kernel, in this thread. */
async function inOurs({ file, graph }: Detector): Promise<(frames: readonly Float32Array[]) => void> {
  const { network, weights } = (await readImportedFile(readFileSync(join(folder, file)))).network(
    graphSettings.parse(graph),
  );
  const kernel = createKernel({ mode: 'auto', memoryMegabytes: 256 });
  const compiled = compileNetwork(network, weights, kernel);
  const size = { maxRows: 1, maxPacked: 1 };
  const bytes = arenaBytes(compiled, size);
  const runner = createRunner(
    compiled,
    kernel.memory.memory,
    { offset: kernel.memory.allocate(bytes), bytes },
    size,
  );
  runner.join();
  return (frames) => {
    for (const frame of frames) {
      runner.plan([1]);
      runner.features.set(frame);
      runner.run([0], 'output');
    }
  };
}
