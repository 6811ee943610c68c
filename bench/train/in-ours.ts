import { createRng } from '../../src/random.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { resolveNetwork } from '../../src/network/encoder-decoder.ts';
import { networkSpec } from '../../src/network/spec.ts';
import type { Batch } from '../../src/training/batch.ts';
import { clippingScale } from '../../src/training/optimise/clipping.ts';
import { splitIntoShards } from '../../src/training/data/shard.ts';
import { initialWeights } from '../../src/training/initialise.ts';
import { lossSpec } from '../../src/training/optimise/loss.ts';
import { optimiserSpec } from '../../src/training/optimise/optimiser.ts';
import { createPlan } from '../../src/training/plan.ts';
import { createShards } from '../../src/training/run/shards.ts';
import { batch, classes, embedding, inputs, steps, vocabulary, type TrainingCase } from './networks.ts';
import { answerRounds } from './rounds.ts';

// One contender of bench/train.ts: trains in Unroll, all of a step: gradient, clipping, Adam.

const kind = process.argv[2] as TrainingCase['kind'];
const units = Number(process.argv[3]);
const threads = Number(process.argv[4]);
const out = kind === 'classifier' ? classes : vocabulary;
const network = networkSpec.parse({
  layers: [
    { type: 'embedding', vocabulary, units: embedding },
    { type: 'recurrent', cell: 'lstm', units },
    { type: 'dense', units: out, activation: 'softmax' },
  ],
});
const input = { kind: 'ids', vocabulary } as const;
const memoryMegabytes = 1024;
const kernel = createKernel({ mode: 'auto', memoryMegabytes });
const weights = initialWeights(resolveNetwork(network, input, null), createRng(1));
const rows = Math.ceil(batch / threads);
const shards = await createShards(
  kernel,
  network,
  {
    input,
    capacity: { rows, packed: rows * steps },
    loss: lossSpec.parse({ type: 'softmax_cross_entropy' }),
  },
  {
    shards: threads,
    threads,
    weights,
    memoryMegabytes,
    optimiser: optimiserSpec.parse({ type: 'adam' }),
  },
);
const parts = splitIntoShards(wholeBatch(), threads);

let step = 0;
await answerRounds(kernel.path, async () => {
  shards.reset();
  const { loss, norm } = await shards.differentiate(parts, { step: step++, seed: 1, samplingProbability: 0 });
  await shards.update(1e-3, clippingScale(norm, 5));
  return loss;
});
await shards.close();

function wholeBatch(): Batch {
  const { ids, targets } = inputs(kind);
  const first = kind === 'classifier' ? batch * (steps - 1) : 0;
  const judged = (index: number): boolean => index >= first;
  return {
    plan: createPlan(Array<number>(batch).fill(steps)),
    ids,
    targets: {
      classes: Int32Array.from(ids, (_, index) => (judged(index) ? targets[index - first]! : 0)),
      weights: Float32Array.from(ids, (_, index) => (judged(index) ? 1 / targets.length : 0)),
    },
  };
}
