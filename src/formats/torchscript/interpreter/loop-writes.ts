import { invalidModel } from '../../format-errors.ts';
import type { Tensor } from '../values.ts';
import type { LoopFrame, Run } from './run.ts';

/** Thrown where a loop's body writes to a tensor from before the loop, so that it is carried through it. */
export class CarriedTensorNeeded extends Error {
  readonly loop: LoopFrame;
  readonly tensor: Tensor;
  constructor(loop: LoopFrame, tensor: Tensor) {
    super('a loop writes to a tensor from before it');
    this.loop = loop;
    this.tensor = tensor;
  }
}

/** Called before a tensor is written to. @throws CarriedTensorNeeded */
export function noteWrite({ loops }: Run, tensor: Tensor): void {
  const loop = loops.at(-1);
  if (!loop) return;
  if (loop.written.has(tensor)) return;
  if (loop.outer.has(tensor)) throw new CarriedTensorNeeded(loop, tensor);
  if (loops.length > 1 && loops.some(({ outer }) => outer.has(tensor)))
    invalidModel('writes to a tensor from before the loops around it');
}
