import { invalidModel } from '../../format-errors.ts';
import type { List, Tensor } from '../values.ts';
import type { LoopFrame, Run } from './run.ts';

/** Thrown where a loop's body writes to a tensor or a list from before the loop, so that it is carried through it. */
export class CarriedValueNeeded extends Error {
  readonly loop: LoopFrame;
  readonly value: Tensor | List;
  constructor(loop: LoopFrame, value: Tensor | List) {
    super('a loop writes to a value from before it');
    this.loop = loop;
    this.value = value;
  }
}

/** Called before a tensor, or an item of a list, is written to. @throws CarriedValueNeeded */
export function noteWrite({ loops, graph }: Run, value: Tensor | List): void {
  const loop = loops.at(-1);
  if (!loop || loop.written.has(value)) return;
  const original = value.kind === 'tensor' ? loop.inner.get(value) : undefined;
  if (original) throw new CarriedValueNeeded(loop, original);
  const isOuter = (one: LoopFrame): boolean =>
    value.kind === 'list' ? value.depth < graph.depth : one.outer.has(value);
  if (isOuter(loop)) throw new CarriedValueNeeded(loop, value);
  if (loops.length > 1 && loops.some(isOuter))
    invalidModel('writes to a tensor from before the loops around it');
}
