// Sends what a microphone hears to a voice detector, 8 ms at a time, and draws its probabilities as they come. The
// query of the page: server, model, key, rate (samples a second), source=microphone or sound to begin at once.

const query = new URLSearchParams(location.search);
const server = query.get('server') ?? 'ws://127.0.0.1:8080';
const model = query.get('model') ?? 'vad';
const rate = Number(query.get('rate') ?? 16_000);
const key = query.get('key');
const caption = document.querySelector('#caption');
const canvas = document.querySelector('#plot');
const draw = canvas.getContext('2d');
/** For whoever drives the page. */
const state = (globalThis.voice = { probabilities: [], blocks: 0, closed: null });
let stop = () => {};

async function start(source) {
  stop();
  const context = new AudioContext();
  await context.audioWorklet.addModule('worklet.js');
  const input = source === 'sound' ? pulses(context) : await microphone(context);
  const worklet = new AudioWorkletNode(context, 'downsample', { processorOptions: { rate } });
  const protocols = key === null ? ['unroll'] : ['unroll', `unroll.key.${key}`];
  const socket = new WebSocket(
    `${server}/v1/models/${model}/stream?dtype=int16&samples=128&return=last`,
    protocols,
  );
  socket.addEventListener('message', ({ data }) => {
    const { predictions, error } = JSON.parse(data);
    if (error) caption.textContent = error.detail;
    else show([predictions[0].output].flat(2).at(-1));
  });
  socket.addEventListener('close', ({ code, reason }) => {
    state.closed = { code, reason };
    if (code !== 1000) caption.textContent = `${code} ${reason}`;
  });
  worklet.port.addEventListener('message', ({ data }) => {
    // a network that is behind: rather a gap than a delay that grows
    if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > 16_384) return;
    socket.send(data);
    state.blocks++;
  });
  worklet.port.start();
  input.connect(worklet);
  await context.resume();
  stop = () => {
    socket.close(1000);
    void context.close();
  };
}

async function microphone(context) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  return context.createMediaStreamSource(stream);
}

/** A voice-like buzz that comes and goes. */
function pulses(context) {
  const buzz = new OscillatorNode(context, { type: 'sawtooth', frequency: 140 });
  const gate = new OscillatorNode(context, { type: 'square', frequency: 0.7 });
  const loudness = new GainNode(context, { gain: 0.1 });
  gate.connect(loudness.gain);
  buzz.connect(loudness);
  buzz.start();
  gate.start();
  return loudness;
}

function show(probability) {
  state.probabilities.push(probability);
  caption.textContent = probability >= 0.5 ? 'speaking' : '…';
  const { width, height } = canvas;
  draw.drawImage(canvas, -2, 0);
  draw.fillStyle = 'white';
  draw.fillRect(width - 2, 0, 2, height);
  draw.fillStyle = probability >= 0.5 ? '#070' : '#999';
  const tall = Math.max(1, Math.min(1, Math.max(0, probability)) * height);
  draw.fillRect(width - 2, height - tall, 2, tall);
}

for (const source of ['microphone', 'sound'])
  document.querySelector(`#${source}`).addEventListener('click', () => void start(source));
document.querySelector('#stop').addEventListener('click', () => stop());
const first = query.get('source');
if (first !== null)
  start(first).catch((error) => {
    caption.textContent = String(error);
    state.closed = { code: 0, reason: String(error) };
  });
