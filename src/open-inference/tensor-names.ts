import type { ServedSpec } from '../repository/loader-messages.ts';

/** Our own name of a tensor by the one that a model's file has for it, and the other way round. */
export interface TensorNames {
  readonly toNative: (name: string) => string;
  readonly toSource: (name: string) => string;
}

/**
 * Clients of a foreign model ask by the names of its file. Inputs go on working under our names, too; a name that is one of ours for
 * something else stays ours.
 */
export function tensorNames({
  tensors,
  inputs,
  task,
}: Pick<ServedSpec, 'tensors' | 'inputs' | 'task'>): TensorNames {
  const taken = new Set(['input', 'ids', 'lengths', 'output', 'label', 'labels', 'scores', 'text']);
  const answer = task === 'predict' ? 'output' : task === 'classify' ? 'scores' : null;
  const pairs = [
    [inputs.kind === 'text' ? 'ids' : 'input', tensors?.input],
    [answer, tensors?.output],
  ] as const;
  const toTheirs = new Map<string, string>();
  const toOurs = new Map<string, string>();
  for (const [own, theirs] of pairs)
    if (own !== null && theirs !== undefined && !taken.has(theirs) && !toOurs.has(theirs)) {
      toTheirs.set(own, theirs);
      toOurs.set(theirs, own);
    }
  return { toNative: (name) => toOurs.get(name) ?? name, toSource: (name) => toTheirs.get(name) ?? name };
}
