// onnxruntime's answers to onnx-files/views (make-onnx-views.py), or to the folder that is given: replaces feeds.json by answers.json, with the input as steps
// and the answer as rows. Needs bench's packages: npm --prefix bench ci
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { InferenceSession, Tensor } = createRequire(join(import.meta.dirname, '../../bench/package.json'))('onnxruntime-node');
const folder = join(import.meta.dirname, 'onnx-files', process.argv[2] ?? 'views');
const feeds = JSON.parse(readFileSync(join(folder, 'feeds.json'), 'utf8'));
const arrays = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

/** The rows along an axis, one row without it. */
function toRows(dims, data, axis) {
  if (axis === null) return [[...data]];
  const after = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const rows = Array.from({ length: dims[axis] }, () => []);
  data.forEach((value, i) => rows[Math.floor(i / after) % dims[axis]].push(value));
  return rows;
}

const toTensor = ({ type, shape, data }) =>
  new Tensor(type, type === 'int64' ? BigInt64Array.from(data, BigInt) : arrays[type].from(data), shape);

const answers = {};
for (const [name, { answer, rows, sequence, steps, states, inputs }] of Object.entries(feeds)) {
  const session = await InferenceSession.create(readFileSync(join(folder, `${name}.onnx`)));
  const { shape, data } = inputs[sequence];
  const x = toRows(shape, data, steps ?? 0);
  const tensors = Object.fromEntries(Object.entries(inputs).map(([input, one]) => [input, toTensor(one)]));
  const y = [];
  // the whole sequence at once, or a call a step
  for (const row of steps === null ? x : [data]) {
    tensors[sequence] = toTensor({ ...inputs[sequence], data: row, shape: steps === null ? shape.slice(1) : shape });
    const outputs = await session.run(tensors);
    y.push(...toRows(outputs[answer].dims, outputs[answer].data, rows));
    for (const [from, to] of Object.entries(states)) tensors[from] = outputs[to];
  }
  answers[name] = { x, y };
}
writeFileSync(join(folder, 'answers.json'), `${JSON.stringify(answers)}\n`);
rmSync(join(folder, 'feeds.json'));
