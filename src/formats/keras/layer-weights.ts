import type { Tensor } from '../../network/weights.ts';
import { refuseFile, shown } from '../arrays.ts';
import type { Hdf5 } from './hdf5.ts';

// Where a layer's weights stand in a file: Keras 1 and 2 list their names in a group of the layer's name, Keras 3 numbers them in
// folders that are named by class.

interface Layer {
  readonly className: string;
  readonly name: string;
}

/** The weights of every layer, in the order of `layers`. @throws UnrollError invalid_weights for a name that is not there */
export function weightsOfLayers(file: Hdf5, layers: readonly Layer[]): readonly (readonly Tensor[])[] {
  for (const group of ['model_weights', ''])
    if (namesIn(file, group, 'layer_names').length > 0)
      return layers.map(({ name }) => listed(file, group === '' ? name : `${group}/${name}`));
  const seen = new Map<string, number>();
  return layers.map(({ className }) => {
    const kind = snakeCase(className);
    const count = seen.get(kind) ?? 0;
    seen.set(kind, count + 1);
    return numberedOf(file, `layers/${kind}${count > 0 ? `_${count}` : ''}`);
  });
}

/** The datasets that a group's `weight_names` lists, in that order. */
const listed = (file: Hdf5, group: string): readonly Tensor[] =>
  namesIn(file, group, 'weight_names').map(
    (name) => file.arrays.get(`${group}/${name}`) ?? refuseFile(`the weight ${shown(name)} is missing`),
  );

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
