import type { Tensor } from '../../network/weights.ts';
import { invalidModel } from '../format-errors.ts';

/** The rows of a layer, in the shape of a value: every axis but time, in order, is a row's columns. */
export interface Rows {
  readonly layer: string;
  /** Of a recurrent operator's last rows (Y_h, Y_c): which state they are. */
  readonly end: 'hidden' | 'cell' | null;
  /** Whether they are those of a recurrent operator that runs backward only. */
  readonly reverse?: boolean;
  /** What is left to do to them. */
  readonly affine?: Affine | undefined;
}

/** y = scale · x + shift, column by column. */
export interface Affine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** Limit on the square matrix of a layer that computes column by column: a graph needs no matrix for it. */
const maxDiagonalWidth = 4096;

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
  /**
   * Makes one bidirectional layer of one that runs forward and one that runs backward over the same rows, which
   * nothing else may read.
   * @returns null where they are not both directions of one layer
   */
  joinDirections(forward: Rows, backward: Rows, merge: string): Rows | null;
  /**
   * The layer that has rows; the last rows of a recurrent operator get a pool layer, and what is left to do to rows a
   * dense one.
   * @param name of that, made valid and unique
   */
  resolveRows(rows: Rows, name?: string): string;
  readonly layers: readonly Record<string, unknown>[];
  readonly weights: ReadonlyMap<string, Tensor>;
}

/**
 * @param readsSteps whether the rows of every step of a recurrent layer are read, too
 * @param nameLayer what the layer that computes a value is called
 */
export function createDraft(
  readsSteps: (layer: string) => boolean,
  nameLayer: (value: string) => string = (value) => value,
): LayerDraft {
  const layers: Record<string, unknown>[] = [];
  const weights = new Map<string, Tensor>();
  const names = new Set(['input']);
  const ends = new Map<string, string>();
  const diagonals = new Map<Affine, string>();
  const addDiagonal = (name: string, layer: string, { scale, shift }: Affine): string => {
    const units = scale.length;
    if (units > maxDiagonalWidth)
      invalidModel(`${units} columns as a dense layer, the limit is ${maxDiagonalWidth}`);
    const values = new Float32Array(units * units);
    scale.forEach((factor, k) => (values[k * units + k] = factor));
    return draft.add(
      name,
      { type: 'dense', units, activation: 'linear' },
      [layer],
      [
        ['weight', { shape: [units, units], values }],
        ['bias', { shape: [units], values: shift }],
      ],
    );
  };
  const draft: LayerDraft = {
    layers,
    weights,
    add(wanted, layer, reads, tensors = []) {
      const clean =
        nameLayer(wanted)
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
    joinDirections(forward, backward, merge) {
      const [one, other] = [draft.layer(forward.layer), draft.layer(backward.layer)];
      const same = fieldsOfBoth(one) === fieldsOfBoth(other);
      const ended = forward.end !== null && (readsSteps(forward.layer) || readsSteps(backward.layer));
      if (one['bidirectional'] === true || !backward.reverse || !same || ended) return null;
      if (forward.end !== backward.end || one['type'] !== 'recurrent') return null;
      if (forward.affine || backward.affine) return null;
      const { activations = {} } = one;
      const { backward_activations: others = {} } = other;
      Object.assign(one, {
        bidirectional: true,
        merge,
        ...(JSON.stringify(others) !== JSON.stringify(activations) && { backward_activations: others }),
      });
      layers.splice(layers.indexOf(other), 1);
      const parts = `${backward.layer}.0.`;
      for (const [name, tensor] of weights) {
        if (!name.startsWith(parts)) continue;
        weights.delete(name);
        const part = name.slice(parts.length);
        if (part.startsWith('backward.')) weights.set(`${forward.layer}.0.${part}`, tensor);
      }
      return forward;
    },
    resolveRows({ affine, ...rows }, name = `${rows.layer}_scaled`) {
      const { layer, end } = rows;
      if (affine) {
        const made = diagonals.get(affine) ?? addDiagonal(name, draft.resolveRows(rows), affine);
        diagonals.set(affine, made);
        return made;
      }
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

/** What both directions of a bidirectional layer have in common, as text. */
const fieldsOfBoth = (layer: Record<string, unknown>): string =>
  JSON.stringify(
    Object.entries(layer).filter(
      ([field]) => !['name', 'bidirectional', 'merge', 'activations', 'backward_activations'].includes(field),
    ),
  );
