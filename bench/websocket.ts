import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { startServer, type ServerProcess } from './server-process.ts';
import { speechLike } from './speech-like.ts';
import { median } from './timing.ts';

// Silero VAD over a WebSocket, as a microphone sends it: blocks of 8 ms (128 samples of int16 at 16 kHz), a
// probability for each window of 512. Measured from the client: from the send of the block that completes a window to
// its answer, one at a time, beside a ping of the same connection, which the server answers without our code; and the
// server's processor time a window, with frames sent back to back.

const rate = 16_000;
const block = 128;
const window = 512;
const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const file = 'silero_vad_v5.onnx';
const models = mkdtempSync(join(tmpdir(), 'unroll-websocket-'));
mkdirSync(join(models, 'vad/1'), { recursive: true });
cpSync(join(import.meta.dirname, 'node_modules/@ricky0123/vad-web/dist', file), join(models, 'vad/1', file));
writeFileSync(
  join(models, 'vad/1/model.json'),
  JSON.stringify({
    weights: { file },
    graph: { set: { sr: rate }, shapes: { input: [1, 576] }, context: 64 },
  }),
);
const samples = Int16Array.from(speechLike(Number(options.seconds), rate), (x) => x * 32_767);
const blocks = Array.from({ length: Math.floor(samples.length / window) * (window / block) }, (_, i) =>
  Buffer.from(samples.buffer, i * block * 2, block * 2),
);
const server = await startServer({ UNROLL_MODELS: models });
try {
  await oneByOne(server);
  await backToBack(server);
} finally {
  await server.stop();
  rmSync(models, { recursive: true });
}

async function open({ url }: ServerProcess, query: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/models/vad/stream?dtype=int16&${query}`);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
}

function once(socket: WebSocket, event: 'message' | 'pong'): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (code: number, reason: Buffer): void => reject(new Error(`${code} ${String(reason)}`));
    socket.once('close', fail).once(event, (data) => {
      socket.off('close', fail);
      resolve(data);
    });
  });
}

/** A window at a time, with pauses as between a microphone's, shortened. */
async function oneByOne(running: ServerProcess): Promise<void> {
  const socket = await open(running, `samples=${block}`);
  const answered: number[] = [];
  const pinged: number[] = [];
  const perWindow = window / block;
  for (let at = 0; at < blocks.length; at += perWindow) {
    for (let i = 0; i < perWindow - 1; i++) socket.send(blocks[at + i]!);
    await new Promise((resolve) => setTimeout(resolve, 2));
    answered.push(await time(() => (socket.send(blocks[at + perWindow - 1]!), once(socket, 'message'))));
    pinged.push(await time(() => (socket.ping(), once(socket, 'pong'))));
  }
  socket.close();
  const warm = answered.slice(100);
  const base = median(pinged.slice(100));
  console.log(
    `one window at a time, ${warm.length} of them: block to probability p50 ${us(median(warm))}, p99 ${us(quantile(warm, 0.99))}; ` +
      `ping to pong p50 ${us(base)}; the difference, which is the server's: ${us(median(warm) - base)}`,
  );
}

/** As fast as the answers come, 32 windows ahead. */
async function backToBack(running: ServerProcess): Promise<void> {
  const socket = await open(running, `samples=${block}`);
  const windows = (blocks.length * block) / window;
  const cpu = running.cpuSeconds();
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let answers = 0;
    const perWindow = window / block;
    const send = (): void => {
      for (; sent < blocks.length && sent < (answers + 32) * perWindow; sent++) socket.send(blocks[sent]!);
    };
    socket.on('message', () => {
      if (++answers === windows) resolve();
      else send();
    });
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
    send();
  });
  const ms = performance.now() - startedAt;
  console.log(
    `back to back, ${windows} windows: ${us(ms / windows)} a window, processor ${us((1000 * (running.cpuSeconds() - cpu)) / windows)} (all threads); ` +
      `${((windows * window) / rate / (ms / 1000)).toFixed(0)} times as fast as speech`,
  );
  socket.close();
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function us(ms: number): string {
  return `${Math.round(1000 * ms)} µs`;
}
function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;
}
