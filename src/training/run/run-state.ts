import { createRng } from '../../random.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { resolveNetwork } from '../../network/encoder-decoder.ts';
import type { Weights } from '../../network/weights.ts';
import { readCheckpoint } from './checkpoint.ts';
import { createCheckpointStorage } from './checkpoint-storage.ts';
import { clippingScale } from '../optimise/clipping.ts';
import { createBatches } from '../data/batches.ts';
import type { PreparedTraining } from '../data/prepared.ts';
import { splitIntoShards } from '../data/shard.ts';
import { checkDivergence } from '../optimise/divergence.ts';
import { createBestTracker, type BestTracker } from '../optimise/early-stopping.ts';
import { initialWeights } from '../initialise.ts';
import type { LearnerOptions } from '../learner-interface.ts';
import { checkMemoryNeed, computeMemoryNeed } from './memory-need.ts';
import { createValidationBatches, measureValidation } from './measure-validation.ts';
import { createMetrics } from '../optimise/metrics/create-metrics.ts';
import { createSchedule, type Schedule } from '../optimise/schedule.ts';
import { createShards } from './shards.ts';
import { createGradientFlowEvent } from './gradient-flow-event.ts';
import type { Capacity } from '../../network/learning/layer.ts';
import { resolveLoss } from '../optimise/task-loss.ts';
import { createTrainingProvenance } from './training-provenance.ts';
import type { RunMessage, RunRequest } from './run-messages.ts';

/** Content of a checkpoint's training.json: the state of a run besides weights and optimiser state. */
interface SavedProgress {
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
  /** Step of the last evaluation. */
  evaluatedAt: number;
}

/** The state of a training run, and the operations that advance it. */
export async function createRunState(
  request: RunRequest,
  prepared: PreparedTraining,
  baseWeights: Weights | null,
  kernel: Kernel,
  send: (message: RunMessage) => void,
) {
  const { spec, folder, resume } = request;
  const { hyperparameters: hyper, budget, seed } = spec;
  const { model, input, source } = prepared;
  const loss = resolveLoss(spec, model);
  const { truncate } = hyper;
  const storage = createCheckpointStorage(folder, request.quota ?? null, spec.keep, (job, steps) =>
    send({ kind: 'checkpoints_removed', job, steps }),
  );
  const batches = createBatches(prepared.training, {
    batchSize: hyper.batch_size,
    seed,
    shards: hyper.shards,
    truncate,
    shuffle: true,
  });
  const validation = prepared.validation && createValidationBatches(prepared.validation, spec);
  const steps = Math.min(
    budget.steps ?? Infinity,
    Math.max(1, Math.round((budget.epochs ?? Infinity) * batches.batchesPerEpoch)),
  );
  const learnerOptions: LearnerOptions = {
    input,
    ...(source && { source }),
    capacity: maxCapacity(batches.capacity, validation?.capacity),
    ...(batches.sourceCapacity && {
      sourceCapacity: maxCapacity(batches.sourceCapacity, validation?.sourceCapacity),
    }),
    loss,
    frozen: new Set(spec.frozen),
  };
  // before weights are initialised or read
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
    optimiser: hyper.optimizer,
  });
  const { learner, optimiser } = shards;
  const schedule = createSchedule(hyper.schedule, steps);
  const metrics = createMetrics(model);
  // without validation data the training loss is the score
  const lowerIsBetter = validation ? metrics.lowerIsBetter : true;
  const best = createBestTracker(lowerIsBetter, hyper.early_stopping?.patience ?? null);
  const progress: SavedProgress = {
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
  let orderEpoch = -1;
  let order: readonly (readonly number[])[] = [];
  if (saved) {
    Object.assign(progress, saved.progress);
    optimiser.restore(
      progress.updates,
      new Map([...saved.state].filter(([name]) => !name.startsWith(carriedPrefix))),
    );
    schedule.restore(progress.schedule!);
    best.restore(progress.best);
    shards.carried.forEach((state, i) => state.set(saved.state.get(`${carriedPrefix}${i}`)!));
  }

  /** Whether the current step is one to evaluate at. */
  const isEvaluationDue = (): boolean =>
    progress.step % (hyper.evaluate_every ?? batches.batchesPerEpoch) === 0;
  const getEpoch = (step: number): number => Math.floor(step / batches.batchesPerEpoch);
  const seconds = (): number => progress.seconds + (performance.now() - resumedAt) / 1000;

  async function checkpoint(checkpointMetrics: Record<string, number> = {}, isBest = false): Promise<void> {
    const at = seconds();
    const state = new Map(optimiser.state);
    shards.carried.forEach((values, i) => state.set(`${carriedPrefix}${i}`, values));
    const snapshot: SavedProgress = {
      ...progress,
      updates: optimiser.updates,
      seconds: at,
      schedule: schedule.state(),
      best: best.state(),
    };
    const provenance = {
      ...model.provenance,
      ...spec.provenance,
      training: createTrainingProvenance(request, progress.step, at, checkpointMetrics),
    };
    await storage.write(
      progress.step,
      { model: { ...model, provenance }, weights: learner.save(), progress: { ...snapshot }, state },
      progress.bestStep,
    );
    send({
      kind: 'checkpoint',
      step: progress.step,
      epoch: getEpoch(progress.step),
      metrics: checkpointMetrics,
      best: isBest,
    });
    writtenAt = progress.step;
  }

  function reportGradientFlow(): void {
    const batch = batches.batch((order.length > 0 ? order : batches.epoch(0))[0]!);
    send(createGradientFlowEvent(learner, splitIntoShards(batch, hyper.shards)[0]!, progress));
  }

  return {
    steps,
    parameters: [...weights.values()].reduce((sum, { values }) => sum + values.length, 0),
    get step() {
      return progress.step;
    },
    get epoch() {
      return getEpoch(progress.step);
    },
    get best() {
      return progress.bestStep;
    },
    /** Writes a checkpoint of the current step, unless there is one. */
    checkpoint: async () => {
      if (writtenAt !== progress.step) await checkpoint();
    },
    isFinished: () =>
      progress.step >= steps ||
      progress.stopped ||
      (budget.minutes !== undefined && seconds() >= budget.minutes * 60),
    isEvaluated: () => progress.evaluatedAt === progress.step,
    isEvaluationDue,

    async advance(): Promise<number> {
      const epoch = getEpoch(progress.step);
      const position = progress.step % batches.batchesPerEpoch;
      if (epoch !== orderEpoch) {
        order = batches.epoch(epoch);
        orderEpoch = epoch;
      }
      if (position === 0 || !batches.carriesState) shards.reset();
      const rate = schedule.rate(progress.step, hyper.learning_rate);
      const { loss: stepLoss, norm } = await shards.differentiate(
        splitIntoShards(batches.batch(order[position]!), hyper.shards),
        {
          step: progress.step,
          seed,
          samplingProbability: (hyper.scheduled_sampling * progress.step) / steps,
        },
      );
      progress.firstLoss ??= stepLoss;
      checkDivergence(
        { step: progress.step, loss: stepLoss, first: progress.firstLoss, norm, rate },
        learner.parameters,
      );
      const scale = hyper.clip.norm === undefined ? 1 : clippingScale(norm, hyper.clip.norm);
      if (scale < 1) progress.clipped++;
      await shards.update(rate, scale, hyper.clip.value);
      progress.step++;
      progress.lossSum += stepLoss;
      progress.lossCount++;
      if (hyper.gradient_flow_every > 0 && progress.step % hyper.gradient_flow_every === 0)
        reportGradientFlow();
      if (
        hyper.checkpoint_every !== undefined &&
        progress.step % hyper.checkpoint_every === 0 &&
        !isEvaluationDue()
      )
        await checkpoint();
      return stepLoss;
    },

    /** Evaluates and writes a checkpoint. Changes nothing if interrupted. */
    async evaluate(interrupted: () => boolean): Promise<void> {
      const results =
        validation &&
        (await measureValidation(learner, validation, metrics.start(learner.chain), interrupted));
      if (validation && !results) return;
      progress.evaluatedAt = progress.step;
      const measured: Record<string, number> = {
        train_loss: progress.lossSum / Math.max(1, progress.lossCount),
      };
      let score = measured['train_loss']!;
      if (results) {
        for (const [name, value] of Object.entries(results.metrics)) measured[`validation_${name}`] = value;
        ({ score } = results);
      }
      progress.lossSum = 0;
      progress.lossCount = 0;
      schedule.record(score, lowerIsBetter);
      const verdict = best.record(progress.step, score);
      if (verdict === 'better') progress.bestStep = progress.step;
      if (verdict === 'stop') progress.stopped = true;
      send({
        kind: 'event',
        type: 'metrics',
        level: 'info',
        message: `step ${progress.step}: ${Object.entries(measured)
          .map(([name, value]) => `${name} ${value.toPrecision(5)}`)
          .join(', ')}`,
        step: progress.step,
        data: { epoch: progress.step / batches.batchesPerEpoch, seconds: seconds(), ...measured },
      });
      await checkpoint(measured, verdict === 'better');
    },

    async close(): Promise<void> {
      await shards.close();
    },
  };
}

const carriedPrefix = 'carried.';

const maxCapacity = (a: Capacity, b: Capacity | null | undefined): Capacity => ({
  rows: Math.max(a.rows, b?.rows ?? 0),
  packed: Math.max(a.packed, b?.packed ?? 0),
  steps: Math.max(a.steps ?? a.packed, b ? (b.steps ?? b.packed) : 0),
});
