import type { OutputKind } from '../../network/runner.ts';

const kinds: readonly OutputKind[] = ['output', 'logits', 'hidden'];

/** The kind of output of the next tick, in rotation: the first kind after `last` that a row requests. */
export function chooseOutputKind(requested: readonly OutputKind[], last: OutputKind): OutputKind {
  const start = kinds.indexOf(last) + 1;
  const rotated = kinds.map((_, index) => kinds[(start + index) % kinds.length]!);
  return rotated.find((kind) => requested.includes(kind)) ?? last;
}
