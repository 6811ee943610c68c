import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createParser } from 'eventsource-parser';
import { readWav } from './wav.ts';

// Prints when somebody speaks in a recording, by a pretrained voice detector (docs/importing-models.md): one request, an event a
// frame as the server gets on, the state carried from frame to frame.   node examples/voice/run.ts speech.wav

const rate = 16_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: 'string', default: 'http://127.0.0.1:8080' },
    model: { type: 'string', default: 'vad' },
    /** Samples of a frame. */
    frame: { type: 'string', default: '512' },
  },
});
const frame = Number(values.frame);
const audio = readWav(readFileSync(positionals[0] ?? ''), rate);
const frames = Array.from({ length: Math.floor(audio.length / frame) }, (_, t) =>
  Array.from(audio.subarray(t * frame, (t + 1) * frame)),
);

const second = (t: number): string => ((t * frame) / rate).toFixed(2);
let began: number | null = null;
let steps = 0;
function step(voice: number): void {
  if (began === null && voice >= 0.5) began = steps;
  // a voice has ended where it is well below where one begins, so that no breath cuts it in two
  else if (began !== null && voice < 0.35) printSpan();
  steps++;
}
function printSpan(): void {
  console.log(`${second(began!)} – ${second(steps)} s`);
  began = null;
}

const reply = await fetch(`${values.server}/v1/models/${values.model}/predict`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ input: frames, stream: true }),
});
if (!reply.ok || !reply.body) throw new Error(await reply.text());
const parser = createParser({
  onEvent({ event, data }) {
    if (event === 'error') throw new Error(data);
    if (event === 'step') step((JSON.parse(data) as { output: [number] }).output[0]);
  },
});
for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) parser.feed(piece);
if (began !== null) printSpan();
