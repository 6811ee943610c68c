import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readImportedFile } from '../src/formats/read-imported.ts';
import { UnrollError } from '../src/errors.ts';
import { createKernel } from '../src/cells/create-kernel.ts';
import { findRowSteps, isSequenceToOne } from '../src/network/sequence-to-one.ts';
import { runOnce } from '../src/network/run-once.ts';
import { rowOfStep } from '../src/operators/row-count.ts';
import { randomGraph, type RandomGraph } from './onnx/random-graph.ts';

// Random graphs whose sequence view is derived, run on sequences beside onnxruntime on the file's own tensors. A graph may be
// refused, with the reason; a wrong number is an error. npm run bench:onnx-graphs -- [GRAPHS]

const graphs = Number(process.argv[2] ?? 1500);
const most = 1e-5;
const kernel = createKernel({ mode: 'auto', memoryMegabytes: 256 });

/** onnxruntime's numbers, as the file's output has them and by rows; null where it refuses the file or its shapes. */
async function expectedRows({
  file,
  feeds,
  answer,
  rows,
}: RandomGraph): Promise<{ flat: number[]; byRow: number[] } | null> {
  try {
    const session = await InferenceSession.create(file, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    const tensors = Object.fromEntries(
      feeds.map(({ name, shape, values }) => [
        name,
        values instanceof Float32Array
          ? new Tensor('float32', values, shape)
          : new Tensor('int64', values, shape),
      ]),
    );
    const { dims, data } = (await session.run(tensors))[answer]!;
    const numbers = Array.from(data as Float32Array);
    if (rows === null) return { flat: numbers, byRow: numbers };
    const after = dims.slice(rows + 1).reduce((a, b) => a * b, 1);
    const byRow = Array.from({ length: dims[rows]! }, (_, r) =>
      numbers.filter((__, i) => Math.floor(i / after) % dims[rows]! === r),
    ).flat();
    return { flat: numbers, byRow };
  } catch {
    return null;
  }
}

/** Our rows, and how they were computed. */
async function ownRows({
  file,
  x,
  flat,
}: RandomGraph): Promise<{ how: string; whole: boolean; rows: number[] }> {
  const { network, weights, input } = (await readImportedFile(file)).network();
  // a call of fixed size with states is one step
  const whole = input.kind === 'features' && input.width !== x[0]!.length;
  const steps = whole ? flat : Float32Array.from(x.flatMap((row) => [...row]));
  const rows = runOnce(kernel, network, weights, steps);
  const every = findRowSteps(network);
  const own = isSequenceToOne(network)
    ? rows.slice(-1)
    : rows.filter((_, t) => !every || rowOfStep(every, t) >= 0);
  const [first] = network.layers;
  const how = first && 'runs' in first ? `operators, once a ${String(first.runs)}` : 'layers';
  return { how, whole, rows: own.flatMap((row) => [...row]) };
}

const tally = new Map<string, number>();
const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
let compared = 0;
let served = 0;
for (let seed = 0; seed < graphs; seed++) {
  const graph = randomGraph(seed);
  const expected = await expectedRows(graph);
  if (!expected) {
    count('refused by onnxruntime');
    continue;
  }
  compared++;
  try {
    const { how, whole, rows } = await ownRows(graph);
    const numbers = whole ? expected.flat : expected.byRow;
    const apart =
      rows.length === numbers.length
        ? Math.max(...rows.map((value, i) => Math.abs(value - numbers[i]!)))
        : NaN;
    if (apart < most) {
      served++;
      count(how);
    } else {
      count('WRONG');
      console.log(`WRONG: graph ${seed}, ${how}, off by ${apart}`);
      process.exitCode = 1;
    }
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    count('no sequence view');
    if (process.argv.includes('--verbose')) console.log(`graph ${seed}: ${error.message}`);
  }
}
console.log(`${compared} graphs, ${((100 * served) / compared).toFixed(1)} % with a sequence view`);
for (const [what, number] of tally) console.log(`  ${what}: ${number}`);
