import { createRng } from '../../random.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { resolveNetwork } from '../../network/encoder-decoder.ts';
import type { Weights } from '../../network/weights.ts';
import { readCheckpoint } from './checkpoint.ts';
import { createCheckpointStorage } from './checkpoint-storage.ts';
import { clippingScale, globalNorm } from '../optimise/clipping.ts';
import { createBatches } from '../data/batches.ts';
import type { PreparedTraining } from '../data/prepared.ts';
import { splitIntoShards } from '../data/shard.ts';
import { checkDivergence } from '../optimise/divergence.ts';
import { createBestTracker, type BestTracker } from '../optimise/early-stopping.ts';
import { measureGradientFlow } from '../diagnostics/gradient-flow.ts';
import { initialWeights } from '../initialise.ts';
import type { LearnerOptions } from '../learner-interface.ts';
import { checkMemoryNeed, computeMemoryNeed } from './memory-need.ts';
import { measureValidation } from './measure-validation.ts';
import { createMetrics } from '../optimise/metrics/create-metrics.ts';
import { createOptimiser } from '../optimise/optimisers/create-optimiser.ts';
import { createSchedule, type Schedule } from '../optimise/schedule.ts';
import { createShards } from './shards.ts';
import { spectralRadii } from '../diagnostics/spectral-radii.ts';
import type { Capacity } from '../../network/learning/layer.ts';
import { resolveLoss } from '../optimise/task-loss.ts';
import { createTrainingProvenance } from './training-provenance.ts';
import type { RunMessage, RunRequest } from './run-messages.ts';

/** What a checkpoint's training.json holds: all that a run is besides weights and optimiser state. */
interface Saved {
  step: number;
  updates: number;
  clipped: number;
  firstLoss: number | null;
  lossSum: number;
  lossCount: number;
  seconds: number;
  schedule: ReturnType<Schedule['state']> | null;
  best: ReturnType<BestTracker['state']>;
  bestStep: number | null;
  stopped: boolean;
  /** Step of the last measurement, and of the last checkpoint. */
  evaluatedAt: number;
}

/** A run between two steps. */
export async function createRunState(
  request: RunRequest,
  prepared: PreparedTraining,
  baseWeights: Weights | null,
  kernel: Kernel,
  say: (message: RunMessage) => void,
) {
  const { spec, folder, resume } = request;
  const { hyperparameters: hyper, budget, seed } = spec;
  const { model, input, source } = prepared;
  const loss = resolveLoss(spec, model);
  const { truncate } = hyper;
  const storage = createCheckpointStorage(folder, request.quota ?? null, (job, steps) =>
    say({ kind: 'checkpoints_removed', job, steps }),
  );
  const batches = createBatches(prepared.training, {
    batchSize: hyper.batch_size,
    seed,
    shards: hyper.shards,
    truncate,
    shuffle: true,
  });
  const tests =
    prepared.validation &&
    createBatches(prepared.validation, {
      batchSize: Math.ceil(hyper.batch_size / hyper.shards),
      seed,
      shards: 1,
      truncate: truncate && { k1: truncate.k2, k2: truncate.k2 },
      shuffle: false,
    });
  const steps = Math.min(
    budget.steps ?? Infinity,
    Math.max(1, Math.round((budget.epochs ?? Infinity) * batches.batchesPerEpoch)),
  );
  const learnerOptions: LearnerOptions = {
    input,
    ...(source && { source }),
    capacity: larger(batches.capacity, tests?.capacity),
    ...(batches.sourceCapacity && {
      sourceCapacity: larger(batches.sourceCapacity, tests?.sourceCapacity),
    }),
    loss,
    frozen: new Set(spec.frozen),
  };
  // before a weight is drawn or read
  checkMemoryNeed(
    computeMemoryNeed(model.network, learnerOptions, hyper, request.threads),
    request.memoryMegabytes,
  );
  const saved = resume === null ? null : await readCheckpoint(folder, resume);
  const weights =
    saved?.weights ??
    baseWeights ??
    initialWeights(resolveNetwork(model.network, input, source), createRng(seed), {
      embeddingScale: hyper.embedding_scale,
      initialisation: hyper.initialisation,
    });
  const shards = await createShards(kernel, model.network, learnerOptions, {
    shards: hyper.shards,
    threads: request.threads,
    weights,
    memoryMegabytes: request.memoryMegabytes,
  });
  const { learner } = shards;
  const optimiser = createOptimiser(learner.parameters, hyper.optimizer);
  const schedule = createSchedule(hyper.schedule, steps);
  const metrics = createMetrics(model);
  // without data to measure on, the loss of what is learned from must do
  const lowerIsBetter = tests ? metrics.lowerIsBetter : true;
  const best = createBestTracker(lowerIsBetter, hyper.early_stopping?.patience ?? null);
  const now: Saved = {
    step: 0,
    updates: 0,
    clipped: 0,
    firstLoss: null,
    lossSum: 0,
    lossCount: 0,
    seconds: 0,
    schedule: null,
    best: null,
    bestStep: null,
    stopped: false,
    evaluatedAt: 0,
  };
  const resumedAt = performance.now();
  let writtenAt = resume ?? -1;
  let epochOfOrder = -1;
  let order: readonly (readonly number[])[] = [];
  if (saved) {
    Object.assign(now, saved.progress);
    optimiser.restore(
      now.updates,
      new Map([...saved.state].filter(([name]) => !name.startsWith(carriedName))),
    );
    schedule.restore(now.schedule!);
    best.restore(now.best);
    shards.carried.forEach((state, i) => state.set(saved.state.get(`${carriedName}${i}`)!));
  }

  /** Whether it is time to measure. */
  const due = (): boolean => now.step % (hyper.evaluate_every ?? batches.batchesPerEpoch) === 0;
  const epochOf = (step: number): number => Math.floor(step / batches.batchesPerEpoch);
  const seconds = (): number => now.seconds + (performance.now() - resumedAt) / 1000;

  async function checkpoint(metricsOf: Record<string, number> = {}, isBest = false): Promise<void> {
    const at = seconds();
    const state = new Map(optimiser.state);
    shards.carried.forEach((values, i) => state.set(`${carriedName}${i}`, values));
    const progress: Saved = {
      ...now,
      updates: optimiser.updates,
      seconds: at,
      schedule: schedule.state(),
      best: best.state(),
    };
    const provenance = {
      ...model.provenance,
      ...spec.provenance,
      training: createTrainingProvenance(request, now.step, at, metricsOf),
    };
    await storage.write(
      now.step,
      { model: { ...model, provenance }, weights: learner.save(), progress: { ...progress }, state },
      now.bestStep,
    );
    say({ kind: 'checkpoint', step: now.step, epoch: epochOf(now.step), metrics: metricsOf, best: isBest });
    writtenAt = now.step;
  }

  function reportFlow(): void {
    const probe = batches.batch((order.length > 0 ? order : batches.epoch(0))[0]!);
    const { flow, reach, parameters, gates } = measureGradientFlow(
      learner,
      splitIntoShards(probe, hyper.shards)[0]!,
    );
    say({
      kind: 'event',
      type: 'gradient_flow',
      level: 'info',
      message: `step ${now.step}: gradients reach ${Math.max(0, ...Object.values(reach))} steps back`,
      step: now.step,
      data: {
        reach: Math.max(0, ...Object.values(reach)),
        reach_by_node: reach,
        flow,
        gradient_norms: parameters,
        gates,
        clipped_share: now.step === 0 ? 0 : now.clipped / now.step,
        spectral_radius: spectralRadii(learner.save()),
      },
    });
  }

  return {
    steps,
    parameters: [...weights.values()].reduce((sum, { values }) => sum + values.length, 0),
    get step() {
      return now.step;
    },
    get epoch() {
      return epochOf(now.step);
    },
    get best() {
      return now.bestStep;
    },
    /** Of where it stands, if there is none yet. */
    checkpoint: async () => {
      if (writtenAt !== now.step) await checkpoint();
    },
    over: () =>
      now.step >= steps || now.stopped || (budget.minutes !== undefined && seconds() >= budget.minutes * 60),
    evaluated: () => now.evaluatedAt === now.step,
    due,

    async advance(): Promise<number> {
      const epoch = epochOf(now.step);
      const position = now.step % batches.batchesPerEpoch;
      if (epoch !== epochOfOrder) {
        order = batches.epoch(epoch);
        epochOfOrder = epoch;
      }
      if (position === 0 || !batches.carriesState) shards.reset();
      const rate = schedule.rate(now.step, hyper.learning_rate);
      const lossNow = await shards.differentiate(
        splitIntoShards(batches.batch(order[position]!), hyper.shards),
        {
          step: now.step,
          seed,
          samplingProbability: (hyper.scheduled_sampling * now.step) / steps,
        },
      );
      const norm = globalNorm(learner.parameters);
      now.firstLoss ??= lossNow;
      checkDivergence(
        { step: now.step, loss: lossNow, first: now.firstLoss, norm, rate },
        learner.parameters,
      );
      const scale = hyper.clip.norm === undefined ? 1 : clippingScale(norm, hyper.clip.norm);
      if (scale < 1) now.clipped++;
      optimiser.update(rate, scale, hyper.clip.value);
      shards.refresh();
      now.step++;
      now.lossSum += lossNow;
      now.lossCount++;
      if (hyper.gradient_flow_every > 0 && now.step % hyper.gradient_flow_every === 0) reportFlow();
      if (hyper.checkpoint_every !== undefined && now.step % hyper.checkpoint_every === 0 && !due())
        await checkpoint();
      return lossNow;
    },

    /** Measures and writes a checkpoint; nothing of it has happened when it is interrupted. */
    async evaluate(interrupted: () => boolean): Promise<void> {
      const results =
        tests && (await measureValidation(learner, tests, metrics.start(learner.chain), interrupted));
      if (tests && !results) return;
      now.evaluatedAt = now.step;
      const measured: Record<string, number> = { train_loss: now.lossSum / Math.max(1, now.lossCount) };
      let score = measured['train_loss']!;
      if (results) {
        for (const [name, value] of Object.entries(results.metrics)) measured[`validation_${name}`] = value;
        ({ score } = results);
      }
      now.lossSum = 0;
      now.lossCount = 0;
      schedule.record(score, lowerIsBetter);
      const verdict = best.record(now.step, score);
      if (verdict === 'better') now.bestStep = now.step;
      if (verdict === 'stop') now.stopped = true;
      say({
        kind: 'event',
        type: 'metrics',
        level: 'info',
        message: `step ${now.step}: ${Object.entries(measured)
          .map(([name, value]) => `${name} ${value.toPrecision(5)}`)
          .join(', ')}`,
        step: now.step,
        data: { epoch: now.step / batches.batchesPerEpoch, seconds: seconds(), ...measured },
      });
      await checkpoint(measured, verdict === 'better');
    },

    async close(): Promise<void> {
      await shards.close();
    },
  };
}

const carriedName = 'carried.';

const larger = (a: Capacity, b: Capacity | null | undefined): Capacity => ({
  rows: Math.max(a.rows, b?.rows ?? 0),
  packed: Math.max(a.packed, b?.packed ?? 0),
  steps: Math.max(a.steps ?? a.packed, b ? (b.steps ?? b.packed) : 0),
});
