import type { Wanted } from '../../network/runner.ts';

const kinds: readonly Wanted[] = ['output', 'logits', 'hidden'];

/** Which kind of value the next tick gives. The kinds take turns: the next one after `last` that somebody wants. */
export function chooseOutputKind(wanted: readonly Wanted[], last: Wanted): Wanted {
  const start = kinds.indexOf(last) + 1;
  const turn = kinds.map((_, index) => kinds[(start + index) % kinds.length]!);
  return turn.find((kind) => wanted.includes(kind)) ?? last;
}
