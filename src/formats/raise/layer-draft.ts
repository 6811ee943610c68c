import type { Tensor } from '../../network/weights.ts';
import { invalidModel } from '../format-errors.ts';

/** The rows of a layer, in the shape of a value: every axis but time, in order, is a row's columns. */
export interface Rows {
  readonly layer: string;
  /** Of a recurrent operator's last rows (Y_h, Y_c): which state they are. */
  readonly end: 'hidden' | 'cell' | null;
}

/** The layers raised so far, with their weights. */
export interface LayerDraft {
  /** Adds a layer. @returns its name, made valid and unique */
  add(
    name: string,
    layer: Record<string, unknown>,
    reads: readonly string[],
    tensors?: Iterable<readonly [string, Tensor]>,
  ): string;
  layer(name: string): Record<string, unknown>;
  tensor(name: string): Tensor;
  setTensor(name: string, tensor: Tensor): void;
  /** The layer that has rows; the last rows of a recurrent operator get a pool layer. */
  resolveRows(rows: Rows): string;
  readonly layers: readonly Record<string, unknown>[];
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** @param readsSteps whether the rows of every step of a recurrent layer are read, too */
export function createDraft(readsSteps: (layer: string) => boolean): LayerDraft {
  const layers: Record<string, unknown>[] = [];
  const weights = new Map<string, Tensor>();
  const names = new Set(['input']);
  const ends = new Map<string, string>();
  const draft: LayerDraft = {
    layers,
    weights,
    add(wanted, layer, reads, tensors = []) {
      const clean =
        wanted
          .replaceAll(/[^A-Za-z0-9_-]+/g, '_')
          .replaceAll(/^_+|_+$/g, '')
          .slice(0, 48) || String(layer['type']);
      let name = clean;
      for (let i = 2; names.has(name); i++) name = `${clean}_${i}`;
      names.add(name);
      layers.push({ ...layer, name, inputs: reads });
      for (const [part, tensor] of tensors) weights.set(`${name}.${part}`, tensor);
      return name;
    },
    layer: (name) => layers.find((one) => one['name'] === name) ?? {},
    tensor: (name) => weights.get(name)!,
    setTensor: (name, tensor) => void weights.set(name, tensor),
    resolveRows({ layer, end }) {
      if (end === null) return layer;
      if (end === 'cell') return invalidModel('the cell state is used as an output, which is not supported');
      const recurrent = draft.layer(layer);
      if (recurrent['bidirectional'] === true) {
        if (readsSteps(layer))
          return invalidModel(
            'the rows of every step and the last ones of a bidirectional layer are both used, which is not supported',
          );
        recurrent['backward_at'] = 'first';
      }
      const known = ends.get(layer);
      if (known !== undefined) return known;
      const pool = draft.add(`${layer}_last`, { type: 'pool', mode: 'last' }, [layer]);
      ends.set(layer, pool);
      return pool;
    },
  };
  return draft;
}
