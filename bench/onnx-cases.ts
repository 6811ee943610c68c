import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { UnrollError } from '../src/errors.ts';
import { readImportedFile } from '../src/formats/read-imported.ts';
import { createRng } from '../src/random.ts';
import { createKernel } from '../src/cells/create-kernel.ts';
import { referenceNetwork } from '../src/network/reference-network.ts';
import { runOnce } from '../src/network/run-once.ts';
import { encodeCase } from './onnx/encode-case.ts';
import { checkCase } from './onnx/operators/check-case.ts';
import { draftGraph } from './onnx/operators/draw-graph.ts';
import * as doubles from './onnx/operators/doubles.ts';
import * as fused from './onnx/operators/fused.ts';
import * as indexed from './onnx/operators/indexed.ts';
import { olderForms } from './onnx/operators/opsets.ts';
import * as plain from './onnx/operators/plain.ts';
import * as quantised from './onnx/operators/quantised.ts';
import { cases, caseName } from './onnx/recurrent-cases.ts';

// Recurrent operators with random weights: what we make of the file beside what onnxruntime does, and beside
// our float64 reference. Constant weights, as ONNX's own tests mostly have, do not distinguish gate orders.
// onnxruntime refuses layout 1, so there ours is compared with our own of layout 0. Differences are relative
// to a sequence's largest value where that is above 1: several activations have no bound.
// After them random graphs of quantised, fused and other operators, of local functions and of every opset:
// float32 and float64 evaluation beside onnxruntime.

const { values: options } = parseArgs({
  options: {
    /** Graphs of each kind; of older opsets ten times as many. */
    graphs: { type: 'string', default: '60' },
    /** Every how many of the recurrent cases. */
    every: { type: 'string', default: '1' },
  },
});
const steps = 7;
const most = 1e-5;
const kernel = createKernel({ mode: 'auto', memoryMegabytes: 256 });

type Rows = readonly ArrayLike<number>[];
interface Run {
  readonly rows: Rows;
  readonly exact: Rows;
}
/** Runs a file on a sequence. @returns null where no sequence view of it can be proven: it is served over tensors only */
async function ours(file: Uint8Array, x: Float32Array): Promise<Run | null> {
  let imported;
  try {
    imported = (await readImportedFile(file)).network();
  } catch (error) {
    if (error instanceof UnrollError) return null;
    throw error;
  }
  const { network, weights } = imported;
  const width = x.length / steps;
  const sequence = Array.from({ length: steps }, (_, t) =>
    Float64Array.from(x.subarray(t * width, (t + 1) * width)),
  );
  return {
    rows: runOnce(kernel, network, weights, x),
    exact: referenceNetwork(network, weights, sequence).output,
  };
}
/** Of the rows that both have: the last ones. */
function distance(a: Rows, b: Rows): number {
  const last = a.slice(-b.length);
  const size = Math.max(1, ...a.flatMap((row) => Array.from(row, Math.abs)));
  return (
    Math.max(...b.flatMap((row, t) => Array.from(row, (value, k) => Math.abs(value - last[t]![k]!)))) / size
  );
}
const split = (values: Float32Array, width: number): Rows =>
  Array.from({ length: values.length / width }, (_, t) => values.subarray(t * width, (t + 1) * width));

const worst = { onnxruntime: 0, reference: 0, layout: 0 };
let viewed = 0;
const chosen = [...cases.entries()].filter(([number]) => number % Number(options.every) === 0);
for (const [number, one] of chosen) {
  const random = createRng(number, 6);
  const x = Float32Array.from({ length: steps * one.width }, () => 2 * random.next() - 1);
  const file = encodeCase(one, steps, 0, number);
  const session = await InferenceSession.create(file, { executionProviders: ['cpu'], intraOpNumThreads: 1 });
  const { out } = await session.run({ X: new Tensor('float32', x, [steps, 1, one.width]) });
  const run = await ours(file, x);
  const other = await ours(encodeCase(one, steps, 1, number), x);
  if (run === null || other === null) {
    console.log(`no sequence view of ${caseName(one)}`);
    continue;
  }
  viewed++;
  const { rows, exact } = run;
  const apart = {
    onnxruntime: distance(rows, split(out!.data as Float32Array, rows[0]!.length)),
    reference: distance(rows, exact),
    layout: distance(rows, other.rows),
  };
  for (const key of Object.keys(worst) as (keyof typeof worst)[])
    worst[key] = Math.max(worst[key], apart[key]);
  // NaN is no small distance
  if (!(apart.onnxruntime < most) || !(apart.reference < most) || apart.layout !== 0) {
    console.log(`WRONG ${caseName(one)}: ${JSON.stringify(apart)}`);
    process.exitCode = 1;
  }
}
console.log(
  `${chosen.length} cases, ${((100 * viewed) / chosen.length).toFixed(1)} % with a sequence view: at most ${worst.onnxruntime.toExponential(1)} from onnxruntime, ${worst.reference.toExponential(1)} from float64; layout 1 at most ${worst.layout} from layout 0`,
);

const graphsEach = Number(options.graphs);
const drawn = { ...quantised, ...fused, ...plain, ...doubles, ...indexed };
for (const [family, draw] of [...Object.entries(drawn), ['olderForms', olderForms] as const]) {
  const count = draw === olderForms ? 10 * graphsEach : graphsEach;
  let worstOfFamily = 0;
  for (let seed = 0; seed < count; seed++) {
    const one = draw(draftGraph(createRng(seed, 11)));
    const apart = await checkCase(one).catch((error: unknown) => String(error));
    if (typeof apart === 'number') worstOfFamily = Math.max(worstOfFamily, apart);
    if (typeof apart === 'string' || !(apart < most)) {
      console.log(`WRONG ${family} ${seed}, ${one.name}: ${apart}`);
      process.exitCode = 1;
    }
  }
  console.log(`${count} graphs of ${family}: at most ${worstOfFamily.toExponential(1)} from onnxruntime`);
}
