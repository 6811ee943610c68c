import type { Arrays } from '../arrays.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { readModules, type Module } from './modules.ts';
import { findOrders, listReadings, type Link } from './order-modules.ts';
import { toLayerName } from './state-dict-to-network.ts';

/** A model.json to complete. */
export interface ModelTemplate {
  /** What the tensors say, and "one of: …" where they leave something open: such a text is refused when it is loaded. */
  readonly spec: object;
  /** What to decide, and what the file has that no layer can be. */
  readonly questions: readonly string[];
}

const formatChoice = (...candidates: readonly string[]): string => `one of: ${candidates.join(', ')}`;

/**
 * Creates a model.json for a state dict, of its modules in an order in which they can stand.
 * @throws UnrollError invalid_model where no layer of it can be described
 */
export function toModelTemplate(file: string, arrays: Arrays): ModelTemplate {
  const { modules, beside } = readModules(arrays);
  const questions: string[] = [];
  const known = modules.filter((one) => {
    const reason = findUndescribed(one);
    if (reason !== null) questions.push(`no layer for it: ${reason}`);
    return reason === null;
  });
  if (known.length === 0) return invalidModel(questions[0] ?? 'the file has no tensors');
  const orders = findOrders(known);
  const links = orders[0] ?? known.map((module) => listReadings(module).at(-1)!);
  const names = nameModules(known);
  const getName = ({ module }: Link): string => names.get(module)!;
  const lastRecurrent = links.findLastIndex(({ module }) => module.kind === 'recurrent');

  const layers = links.flatMap((link, index) => {
    const sources = findSources(link, links, orders);
    const isCertain = sources.length === 1 && sources[0] === (links[index - 1]?.module ?? null);
    const inputs = sources.map((one) => (one === null ? 'input' : names.get(one)!));
    if (!isCertain) questions.push(`${getName(link)} reads ${inputs.join(' or ') || 'none of the others'}`);
    const layer = {
      name: getName(link),
      ...describeModule(link, orders),
      ...(!isCertain && { inputs: [formatChoice(...inputs)] }),
    };
    return index === lastRecurrent ? [layer, answerLayer] : [layer];
  });
  const chains = orders.slice(0, 5).map((order) => order.map(getName).join(' → '));
  questions.push(
    orders.length === 0
      ? 'their widths join in no chain: give each layer its `inputs`'
      : orders.length === 1
        ? `the one order in which their widths join is ${chains[0]}`
        : `their widths join in ${orders.length} orders: ${chains.join('; ')}`,
  );
  if (beside.length > 0) questions.push(`left out: ${beside.slice(0, 5).map(quote).join(', ')}`);
  const [first] = links;
  const spec = {
    schema: 1,
    name: 'NAME',
    task: 'predict',
    inputs: describeInput(first!),
    network: { layers },
    weights: { file, layers: Object.fromEntries(links.map((link) => [getName(link), link.module.prefix])) },
  };
  return { spec, questions };
}

const answerLayer = {
  type: 'pool',
  name: 'answer',
  mode: `${formatChoice('last', 'mean', 'max')}; remove this layer where every step is answered`,
};

/** Why a module can be no layer of a model.json; null where it can. */
function findUndescribed(module: Module): string | null {
  if (module.kind === 'unknown') return module.reason;
  return module.kind === 'recurrent' && module.projected
    ? `${quote(module.prefix)} has a projection (proj_size), which no layer of a model.json has`
    : null;
}

function describeModule({ module, reads }: Link, orders: readonly (readonly Link[])[]): object {
  switch (module.kind) {
    case 'recurrent':
      return {
        type: 'recurrent',
        cell: module.cell,
        units: module.units,
        ...(module.levels > 1 && { layers: module.levels }),
        ...(module.cell === 'rnn' && { activation: formatChoice('tanh', 'relu') }),
        ...(module.bidirectional && {
          bidirectional: true,
          backward_at: `${formatChoice('step', 'first')}: of the backward direction, the output of the step, or its end`,
        }),
      };
    case 'matrix': {
      const readings = new Set(
        orders.flatMap((order) =>
          order.filter((one) => one.module === module).map((one) => one.reads === 'ids'),
        ),
      );
      const dense = {
        units: module.rows,
        activation: formatChoice('linear', 'relu', 'tanh', 'sigmoid', 'softmax'),
      };
      const table = { vocabulary: module.rows, units: module.columns };
      if (readings.size < 2)
        return reads === 'ids' ? { type: 'embedding', ...table } : { type: 'dense', ...dense };
      return {
        type: `one of: embedding with ${JSON.stringify(table)}, dense with ${JSON.stringify(dense)}`,
      };
    }
    case 'convolution':
      return {
        type: 'conv1d',
        units: module.units,
        kernel: module.taps,
        dilation: 'the dilation, 1 by default',
        padding: formatChoice('same', 'causal'),
        activation: formatChoice('linear', 'relu', 'tanh', 'sigmoid'),
      };
    case 'norm':
      return { type: 'layer_norm', epsilon: 'the epsilon of the norm, in PyTorch 1e-5 by default' };
    case 'unknown':
      return {};
  }
}

/** The modules that a link can read, null for the network's input: in every order, or where there is none by width. */
function findSources(
  link: Link,
  links: readonly Link[],
  orders: readonly (readonly Link[])[],
): (Module | null)[] {
  const sources =
    orders.length > 0
      ? orders.map(
          (order) => order[order.findIndex(({ module }) => module === link.module) - 1]?.module ?? null,
        )
      : links.filter((one) => one !== link && one.gives === link.reads).map(({ module }) => module);
  return [...new Set(sources)];
}

const describeInput = ({ reads, module }: Link): object =>
  reads === 'ids'
    ? {
        kind: 'text',
        vocabulary: 'words',
        normalize: 'none',
        tokens: Array.from({ length: module.kind === 'matrix' ? module.rows : 0 }, (_, id) => String(id)),
      }
    : { kind: 'numeric', features: Array.from({ length: reads }, (_, column) => ({ name: `x${column}` })) };

/** Layer names of modules, each once. */
function nameModules(modules: readonly Module[]): ReadonlyMap<Module, string> {
  const taken = new Set(['input', 'answer']);
  return new Map(
    modules.map((module, index) => {
      const name = toLayerName(module.prefix, index);
      const unique = taken.has(name) ? `${name}_${index}` : name;
      taken.add(unique);
      return [module, unique];
    }),
  );
}
