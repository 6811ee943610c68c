import { createRng } from '../../random.ts';
import { UnrollError } from '../../errors.ts';
import { resolveNetwork } from '../../network/encoder-decoder.ts';
import { maxUnits } from '../../cells/max-units.ts';
import { networkSpec } from '../../network/spec.ts';
import { trainingSpec, type TrainingSpec } from '../../training/training-spec.ts';
import { createTimeSlice, type TimeSlice } from '../../time-slice.ts';
import { maxTrials, type ComparisonRequest, type Range } from './comparison-request.ts';

// Creates the trials of a comparison: every cell with every setting, on the same data, with about as many
// parameters.

export interface Trial {
  readonly cell: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly spec: TrainingSpec;
}

type Cell = ComparisonRequest['cells'][number];
type Network = NonNullable<TrainingSpec['network']>;
type Layer = Network['layers'][number];

/**
 * The fields that a setting may change. All other fields are the same for every trial and checked with the
 * request.
 */
const settingSchema = trainingSpec.pick({ hyperparameters: true, budget: true, seed: true });

/** @throws UnrollError invalid_request for too many trials, or a setting that no job may have */
export async function createTrials(request: ComparisonRequest): Promise<Trial[]> {
  const { network } = request.spec;
  if (!network)
    throw new UnrollError('invalid_request', 'spec.network: is required to compare cells', {
      field: 'spec.network',
    });
  checkTrialCount(request);
  const slice = createTimeSlice();
  const settings = createSettings(request);
  const trials: Trial[] = [];
  for (const cell of request.cells) {
    const resized = await replaceCell(network, cell, slice);
    for (const [index, setting] of settings.entries()) {
      const model = `${request.model}-${cell}${settings.length > 1 ? `-${index + 1}` : ''}`;
      trials.push({
        cell,
        settings: setting,
        spec: { ...withSetting(request.spec, setting), model, network: resized },
      });
      if (slice.due()) await slice.next();
    }
  }
  return trials;
}

/** Counts trials from the lengths of the lists, before any is created. @throws UnrollError invalid_request */
function checkTrialCount({ cells, grid, random }: ComparisonRequest): void {
  const settings = random
    ? random.trials
    : Object.values(grid ?? {}).reduce((product, values) => product * values.length, 1);
  const count = cells.length * settings;
  const field = random ? 'random.trials' : 'grid';
  if (count > maxTrials)
    throw new UnrollError('invalid_request', `${field}: at most ${maxTrials} trials, got ${count}`, {
      field,
    });
}

/** @throws UnrollError invalid_request */
function withSetting(
  spec: ComparisonRequest['spec'],
  setting: Readonly<Record<string, unknown>>,
): ComparisonRequest['spec'] {
  const { hyperparameters, budget, seed } = spec;
  const draft: Record<string, unknown> = { hyperparameters, budget, seed };
  for (const [path, value] of Object.entries(setting)) setPath(draft, path, value);
  const hyper = (draft['hyperparameters'] ?? {}) as Record<string, unknown>;
  // every trial reports how far its gradients reach
  if (!hyper['gradient_flow_every']) setPath(draft, 'hyperparameters.gradient_flow_every', gradientFlowEvery);
  const parsed = settingSchema.safeParse(draft);
  if (parsed.success) return { ...spec, ...parsed.data };
  const { path, message } = parsed.error.issues[0]!;
  throw new UnrollError('invalid_request', `${path.join('.')}: ${message}`, {
    field: `spec.${path.join('.')}`,
  });
}

const gradientFlowEvery = 50;

/** All combinations of the grid, or `random.trials` random draws; one empty setting without either. */
function createSettings({ grid, random }: ComparisonRequest): Record<string, unknown>[] {
  if (random) {
    const draw = createRng(random.seed);
    return Array.from({ length: random.trials }, () =>
      Object.fromEntries(
        Object.entries(random.ranges).map(([path, range]) => [path, drawValue(range, draw.next())]),
      ),
    );
  }
  return Object.entries(grid ?? {}).reduce<Record<string, unknown>[]>(
    (all, [path, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [path]: value }))),
    [{}],
  );
}

function drawValue(range: Range, share: number): unknown {
  if (Array.isArray(range)) return range[Math.floor(share * range.length)];
  const { min, max, log, whole } = range;
  const value = log ? min * (max / min) ** share : min + (max - min) * share;
  return whole ? Math.round(value) : value;
}

/** Sets the field at the path `a.b.c`, copying every object on the path. */
function setPath(object: Record<string, unknown>, path: string, value: unknown): void {
  const [first = '', ...rest] = path.split('.');
  if (rest.length === 0) object[first] = value;
  else {
    const inner = { ...((object[first] ?? {}) as Record<string, unknown>) };
    object[first] = inner;
    setPath(inner, rest.join('.'), value);
  }
}

/**
 * Replaces the cell and scales the units, so that the recurrent layers have about as many parameters as
 * before.
 */
async function replaceCell(network: Network, cell: Cell, slice: TimeSlice): Promise<Network> {
  const target = countRecurrentParameters(network);
  let best = scaleUnits(network, cell, 1);
  let nearest = Infinity;
  // parameters grow with the scale (linearly for a cell without a recurrent product): find an interval, then
  // bisect
  let [low, high] = [0.1, 8];
  while (high < maxUnits && countRecurrentParameters(scaleUnits(network, cell, high)) < target) high *= 2;
  for (let iteration = 0; iteration < 24; iteration++) {
    const middle = (low + high) / 2;
    const candidate = scaleUnits(network, cell, middle);
    const count = countRecurrentParameters(candidate);
    if (Math.abs(count - target) < nearest) [best, nearest] = [candidate, Math.abs(count - target)];
    if (count > target) high = middle;
    else low = middle;
    if (slice.due()) await slice.next();
  }
  return best;
}

function scaleUnits(network: Network, cell: Cell, scale: number): Network {
  const change = (layer: Layer): Layer =>
    layer.type === 'recurrent'
      ? {
          ...layer,
          cell,
          units: Math.min(maxUnits, Math.max(1, Math.round(Number(layer['units']) * scale))),
        }
      : layer;
  const { encoder } = network;
  return {
    ...network,
    layers: network.layers.map(change),
    ...(encoder && { encoder: { layers: encoder.layers.map(change) } }),
  };
}

/**
 * Counts the recurrent layers' parameters, with a vocabulary and outputs of size 2, on which they do not
 * depend.
 */
function countRecurrentParameters(network: Network): number {
  const withSmallSizes = (layer: Layer): Layer => ({
    ...(layer.type === 'dense' && { units: 2 }),
    ...layer,
    ...(layer.type === 'embedding' && { vocabulary: 2 }),
  });
  const parsed = networkSpec.safeParse({
    ...network,
    layers: network.layers.map(withSmallSizes),
    ...(network.encoder && { encoder: { layers: network.encoder.layers.map(withSmallSizes) } }),
  });
  if (!parsed.success)
    throw new UnrollError('invalid_request', `spec.network: ${parsed.error.issues[0]!.message}`, {
      field: 'spec.network',
    });
  const readsIds = (layers: readonly Layer[]): boolean => layers.some(({ type }) => type === 'embedding');
  const inputFor = (layers: readonly Layer[]) =>
    readsIds(layers)
      ? ({ kind: 'ids', vocabulary: 2, columns: Array<number>(64).fill(2) } as const)
      : ({ kind: 'features', width: 1 } as const);
  const { graph, encoder } = resolveNetwork(
    parsed.data,
    inputFor(network.layers),
    network.encoder ? inputFor(network.encoder.layers) : null,
  );
  return [...(encoder?.graph.nodes ?? []), ...graph.nodes]
    .filter(({ type }) => type === 'recurrent')
    .flatMap(({ shapes }) => shapes)
    .reduce((sum, [, shape]) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
