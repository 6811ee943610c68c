import type { Tensor } from '../../network/weights.ts';
import { invalidWeights, quote } from '../format-errors.ts';
import type { Hdf5 } from './hdf5.ts';
import { asConfig, asList, type Config } from './keras-config.ts';
import { isModelClass } from './model-class.ts';
import { type Container, type TopologyLayer } from './topology.ts';

// Finds a layer's weights in a file: Keras 1 and 2 list their names in a group with the layer's name, Keras 3
// numbers them in groups that are named by class.

type Layer = Pick<TopologyLayer, 'className' | 'name' | 'config' | 'within'>;

/**
 * Reads the weights of every layer, in the order of `layers`.
 * @throws UnrollError invalid_weights for a missing weight
 */
export function readLayerWeights(file: Hdf5, layers: readonly Layer[]): readonly (readonly Tensor[])[] {
  for (const group of ['model_weights', ''])
    if (readNames(file, group, 'layer_names').length > 0)
      return layers.map((layer) => readListed(file, group === '' ? '' : `${group}/`, layer));
  return nameLayerGroups(layers).map((group, i) => readLayerGroup(file, group, layers[i]!.config));
}

/** The group of every layer in a file of Keras 3. */
export function nameLayerGroups(layers: readonly Layer[]): string[] {
  const folders = new Map<string, string>();
  const seen = new Map<string, number>();
  /** Returns the next group of a class, numbered within each model. */
  const nextGroup = (within: string, { className }: Container): string => {
    const kind = `${within}layers/${toSnakeCase(className)}`;
    const count = seen.get(kind) ?? 0;
    seen.set(kind, count + 1);
    return `${kind}${count > 0 ? `_${count}` : ''}`;
  };
  return layers.map((layer) => {
    let within = '';
    for (const container of layer.within) {
      const place = `${within}${container.name}`;
      if (!folders.has(place)) folders.set(place, nextGroup(within, container));
      within = `${folders.get(place)!}/${isModelClass(container.className) ? '' : 'layer/'}`;
    }
    return nextGroup(within, layer);
  });
}

/**
 * Reads the datasets listed in `weight_names` of a layer's group. The group of a nested model lists those of
 * all its layers.
 */
function readListed(file: Hdf5, groups: string, { name, within: [model] }: Layer): readonly Tensor[] {
  const group = `${groups}${model?.name ?? name}`;
  return readNames(file, group, 'weight_names')
    .filter((weight) => !model || `/${weight}`.includes(`/${name}/`))
    .map(
      (weight) =>
        file.arrays.get(`${group}/${weight}`) ?? invalidWeights(`the weight ${quote(weight)} is missing`),
    );
}

/** Reads a list of names; one too long for an attribute is split into `<attribute>0`, `<attribute>1` … */
function readNames({ attributes }: Hdf5, group: string, attribute: string): readonly string[] {
  const own = attributes.get(group);
  const whole = own?.get(attribute);
  if (whole !== undefined) return typeof whole === 'string' ? [whole] : whole;
  const names: string[] = [];
  for (let part = 0; ; part++) {
    const some = own?.get(`${attribute}${part}`);
    if (some === undefined) return names;
    names.push(...(typeof some === 'string' ? [some] : some));
  }
}

/** Converts a class name to Keras 3's group name: GRU to gru, SimpleRNN to simple_rnn. */
const toSnakeCase = (name: string): string =>
  name
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

/** Reads vars/0, vars/1 … of a layer, of its cells, of the layers that it wraps or consists of. */
function readLayerGroup({ arrays }: Hdf5, folder: string, config: Config): readonly Tensor[] {
  const read = (...inner: readonly string[]): Tensor[] =>
    inner.flatMap((one) => readNumbered(arrays, `${folder}${one}`));
  // a stateful layer has its states in the folder of the layer itself
  const ofCells = read('/cell', ...listCellFolders(config), '/layer/cell');
  if (ofCells.length > 0) return ofCells;
  const own = read('', '/layer');
  if (own.length > 0) return own;
  for (const wrapped of ['', '/layer']) {
    const directions = read(`${wrapped}/forward_layer/cell`, `${wrapped}/backward_layer/cell`);
    if (directions.length > 0) return directions;
  }
  return ['query', 'key', 'value', 'output'].flatMap((one) => {
    const dense = read(`/${one}_dense`);
    return dense.length > 0 ? dense : read(`/_${one}_dense`);
  });
}

/** The folders of stacked cells, numbered by class. */
function listCellFolders(config: Config): readonly string[] {
  const counts = new Map<string, number>();
  return asList(asConfig(asConfig(config['cell'])['config'])['cells']).map((cell) => {
    const kind = toSnakeCase(String(asConfig(cell)['class_name']));
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return `/cell/cells/${kind}${count > 0 ? `_${count}` : ''}`;
  });
}

function readNumbered(arrays: Hdf5['arrays'], folder: string): Tensor[] {
  const found: Tensor[] = [];
  for (let i = 0; ; i++) {
    const tensor = arrays.get(`${folder}/vars/${i}`);
    if (!tensor) return found;
    found.push(tensor);
  }
}
