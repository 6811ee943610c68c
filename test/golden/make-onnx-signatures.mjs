// Adds to onnx-signatures/answers.json what ONNX Runtime answers to each graph's inputs, and its inputs and outputs as that lists them.
// Run: python3 make-onnx-signatures.py && NODE_PATH=../../bench/node_modules node make-onnx-signatures.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.NODE_PATH ?? join(import.meta.dirname, '../../bench/node_modules'), 'x.js'));
const { Float16Array } = globalThis;
// with it ONNX Runtime makes tensors that its own binding does not read
delete globalThis.Float16Array;
const { InferenceSession, Tensor } = require('onnxruntime-node');
const folder = join(import.meta.dirname, 'onnx-signatures');
const types = { FP32: 'float32', FP64: 'float64', FP16: 'float16', INT8: 'int8', UINT8: 'uint8', INT32: 'int32', INT64: 'int64', BOOL: 'bool' };
const arrays = { FP32: Float32Array, FP64: Float64Array, FP16: Float16Array, INT8: Int8Array, UINT8: Uint8Array, INT32: Int32Array, BOOL: Uint8Array };
const datatypeOf = (type) => Object.keys(types).find((one) => types[one] === type);
const toArray = (datatype, data) => {
  if (datatype === 'INT64') return BigInt64Array.from(data, BigInt);
  const values = arrays[datatype].from(data, Number);
  return datatype === 'FP16' ? new Uint16Array(values.buffer) : values;
};
const toTensor = ({ datatype, shape, data }) => new Tensor(types[datatype], toArray(datatype, data), shape);
const toAnswer = (name, { type, dims, data }) => ({
  name,
  datatype: datatypeOf(type),
  shape: [...dims],
  data: Array.from(type === 'float16' && data instanceof Uint16Array ? new Float16Array(data.buffer, data.byteOffset, data.length) : data, Number),
});

const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'));
for (const [name, cases] of Object.entries(answers)) {
  const session = await InferenceSession.create(join(folder, `${name}.onnx`));
  for (const one of cases) {
    const outputs = await session.run(Object.fromEntries(one.inputs.map((input) => [input.name, toTensor(input)])));
    one.outputs = session.outputNames.map((output) => toAnswer(output, outputs[output]));
  }
}
const lines = Object.entries(answers).map(([name, cases]) => `${JSON.stringify(name)}: ${JSON.stringify(cases)}`);
writeFileSync(join(folder, 'answers.json'), `{\n${lines.join(',\n')}\n}\n`);
