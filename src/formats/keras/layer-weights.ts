import type { Tensor } from '../../network/weights.ts';
import { invalidWeights, quote } from '../format-errors.ts';
import type { Hdf5 } from './hdf5.ts';
import type { Container, TopologyLayer } from './topology.ts';

// Where a layer's weights stand in a file: Keras 1 and 2 list their names in a group of the layer's name, Keras 3 numbers them in
// folders that are named by class.

type Layer = Pick<TopologyLayer, 'className' | 'name' | 'within'>;

/** The weights of every layer, in the order of `layers`. @throws UnrollError invalid_weights for a name that is not there */
export function readLayerWeights(file: Hdf5, layers: readonly Layer[]): readonly (readonly Tensor[])[] {
  for (const group of ['model_weights', ''])
    if (namesIn(file, group, 'layer_names').length > 0)
      return layers.map((layer) => listed(file, group === '' ? '' : `${group}/`, layer));
  const folders = new Map<string, string>();
  const seen = new Map<string, number>();
  /** Numbered by class within each model. */
  const folderOf = (within: string, { className }: Container): string => {
    const kind = `${within}layers/${snakeCase(className)}`;
    const count = seen.get(kind) ?? 0;
    seen.set(kind, count + 1);
    return `${kind}${count > 0 ? `_${count}` : ''}`;
  };
  return layers.map((layer) => {
    let within = '';
    for (const container of layer.within) {
      const place = `${within}${container.name}`;
      if (!folders.has(place)) folders.set(place, folderOf(within, container));
      within = `${folders.get(place)!}/`;
    }
    return numberedOf(file, folderOf(within, layer));
  });
}

/** The datasets that a layer's group lists as `weight_names`, in that order. A model's group has those of all its layers. */
function listed(file: Hdf5, groups: string, { name, within: [model] }: Layer): readonly Tensor[] {
  const group = `${groups}${model?.name ?? name}`;
  return namesIn(file, group, 'weight_names')
    .filter((weight) => !model || `/${weight}`.includes(`/${name}/`))
    .map(
      (weight) =>
        file.arrays.get(`${group}/${weight}`) ?? invalidWeights(`the weight ${quote(weight)} is missing`),
    );
}

/** A list of names, or where it is too long for an attribute, its parts `<attribute>0`, `<attribute>1` … */
function namesIn({ attributes }: Hdf5, group: string, attribute: string): readonly string[] {
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

/** Keras 3 names folders by class: GRU is gru, SimpleRNN simple_rnn. */
const snakeCase = (name: string): string =>
  name
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

/** vars/0, vars/1 … of a layer, of its cell, of what it wraps. */
function numberedOf({ arrays }: Hdf5, folder: string): Tensor[] {
  for (const inner of ['', '/cell', '/layer', '/layer/cell']) {
    const found = numbered(arrays, `${folder}${inner}`);
    if (found.length > 0) return found;
  }
  return ['forward_layer', 'backward_layer'].flatMap((direction) =>
    numbered(arrays, `${folder}/${direction}/cell`),
  );
}

function numbered(arrays: Hdf5['arrays'], folder: string): Tensor[] {
  const found: Tensor[] = [];
  for (let i = 0; ; i++) {
    const tensor = arrays.get(`${folder}/vars/${i}`);
    if (!tensor) return found;
    found.push(tensor);
  }
}
