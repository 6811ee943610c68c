import { createTestedKernel, type Kernel, type KernelOptions } from '../kernel/kernel.ts';
import type { SharedMemory } from '../kernel/memory.ts';
import { selfTestCells } from './self-test-cells.ts';

/** A kernel whose path has been tested on every cell, by this process or by an earlier one with the same code. */
export const createKernel = (options: KernelOptions): Kernel<SharedMemory> =>
  createTestedKernel(selfTestCells, [import.meta.dirname], options);
