import { createRng } from '../../random.ts';
import { UnrollError } from '../../errors.ts';
import { resolveNetwork } from '../../network/encoder-decoder.ts';
import { mostUnits } from '../../network/layers/fields.ts';
import { networkSpec } from '../../network/spec.ts';
import { trainingSpec, type TrainingSpec } from '../../training/training-spec.ts';
import { createTimeSlice, type TimeSlice } from '../../time-slice.ts';
import { maxTrials, type ComparisonRequest, type Range } from './comparison-request.ts';

// What a comparison tries: every cell with every setting, on the same data and with as many parameters.

export interface Trial {
  readonly cell: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly spec: TrainingSpec;
}

type Cell = ComparisonRequest['cells'][number];
type Network = NonNullable<TrainingSpec['network']>;
type Layer = Network['layers'][number];

/** What a setting may change; the rest of a spec is the same for all trials and was checked with the request. */
const settable = trainingSpec.pick({ hyperparameters: true, budget: true, seed: true });

/** @throws UnrollError invalid_request for too many trials, and for a setting that the job could not have */
export async function createTrials(request: ComparisonRequest): Promise<Trial[]> {
  const { network } = request.spec;
  if (!network)
    throw new UnrollError('invalid_request', 'spec.network: is needed to compare cells', {
      field: 'spec.network',
    });
  checkTrialCount(request);
  const slice = createTimeSlice();
  const settings = settingsOf(request);
  const trials: Trial[] = [];
  for (const cell of request.cells) {
    const sized = await withCell(network, cell, slice);
    for (const [index, setting] of settings.entries()) {
      const model = `${request.model}-${cell}${settings.length > 1 ? `-${index + 1}` : ''}`;
      trials.push({
        cell,
        settings: setting,
        spec: { ...withSetting(request.spec, setting), model, network: sized },
      });
      if (slice.due()) await slice.next();
    }
  }
  return trials;
}

/** Counted from the lengths of the lists, before a combination is made. @throws UnrollError invalid_request */
function checkTrialCount({ cells, grid, random }: ComparisonRequest): void {
  const settings = random
    ? random.trials
    : Object.values(grid ?? {}).reduce((product, values) => product * values.length, 1);
  const count = cells.length * settings;
  const field = random ? 'random.trials' : 'grid';
  if (count > maxTrials)
    throw new UnrollError('invalid_request', `${field}: at most ${maxTrials} trials, these are ${count}`, {
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
  for (const [path, value] of Object.entries(setting)) put(draft, path, value);
  const hyper = (draft['hyperparameters'] ?? {}) as Record<string, unknown>;
  // at least one look at how far gradients reach
  if (!hyper['gradient_flow_every']) put(draft, 'hyperparameters.gradient_flow_every', flowEvery);
  const parsed = settable.safeParse(draft);
  if (parsed.success) return { ...spec, ...parsed.data };
  const { path, message } = parsed.error.issues[0]!;
  throw new UnrollError('invalid_request', `${path.join('.')}: ${message}`, {
    field: `spec.${path.join('.')}`,
  });
}

const flowEvery = 50;

/** All combinations of the grid, or as many random draws as asked for; one empty setting without either. */
function settingsOf({ grid, random }: ComparisonRequest): Record<string, unknown>[] {
  if (random) {
    const draw = createRng(random.seed);
    return Array.from({ length: random.trials }, () =>
      Object.fromEntries(
        Object.entries(random.ranges).map(([path, range]) => [path, within(range, draw.next())]),
      ),
    );
  }
  return Object.entries(grid ?? {}).reduce<Record<string, unknown>[]>(
    (all, [path, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [path]: value }))),
    [{}],
  );
}

function within(range: Range, share: number): unknown {
  if (Array.isArray(range)) return range[Math.floor(share * range.length)];
  const { min, max, log, whole } = range;
  const value = log ? min * (max / min) ** share : min + (max - min) * share;
  return whole ? Math.round(value) : value;
}

/** Sets `a.b.c` of an object, copying what is on the way. */
function put(object: Record<string, unknown>, path: string, value: unknown): void {
  const [first = '', ...rest] = path.split('.');
  if (rest.length === 0) object[first] = value;
  else {
    const inner = { ...((object[first] ?? {}) as Record<string, unknown>) };
    object[first] = inner;
    put(inner, rest.join('.'), value);
  }
}

/** The same network of another cell, with units so many that the recurrent layers have about as many parameters. */
async function withCell(network: Network, cell: Cell, slice: TimeSlice): Promise<Network> {
  const wanted = recurrentParameters(network);
  let best = scaled(network, cell, 1);
  let nearest = Infinity;
  // parameters grow with the scale, linearly where a cell has no recurrent product: find an interval, then halve it
  let [low, high] = [0.1, 8];
  while (high < mostUnits && recurrentParameters(scaled(network, cell, high)) < wanted) high *= 2;
  for (let turn = 0; turn < 24; turn++) {
    const middle = (low + high) / 2;
    const tried = scaled(network, cell, middle);
    const count = recurrentParameters(tried);
    if (Math.abs(count - wanted) < nearest) [best, nearest] = [tried, Math.abs(count - wanted)];
    if (count > wanted) high = middle;
    else low = middle;
    if (slice.due()) await slice.next();
  }
  return best;
}

function scaled(network: Network, cell: Cell, scale: number): Network {
  const change = (layer: Layer): Layer =>
    layer.type === 'recurrent'
      ? {
          ...layer,
          cell,
          units: Math.min(mostUnits, Math.max(1, Math.round(Number(layer['units']) * scale))),
        }
      : layer;
  const { encoder } = network;
  return {
    ...network,
    layers: network.layers.map(change),
    ...(encoder && { encoder: { layers: encoder.layers.map(change) } }),
  };
}

/** Counted on a vocabulary and outputs of 2: those of the recurrent layers depend on neither. */
function recurrentParameters(network: Network): number {
  const two = (layer: Layer): Layer => ({
    ...(layer.type === 'dense' && { units: 2 }),
    ...layer,
    ...(layer.type === 'embedding' && { vocabulary: 2 }),
  });
  const parsed = networkSpec.safeParse({
    ...network,
    layers: network.layers.map(two),
    ...(network.encoder && { encoder: { layers: network.encoder.layers.map(two) } }),
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
