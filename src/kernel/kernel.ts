import { ModuleBuilder } from './assembler/module-builder.ts';
import { compileModule, type KernelMode, type KernelPath } from './compile.ts';
import { ConstantPool, constantsBytes } from './constants.ts';
import type { Emitter } from './emit/emitter.ts';
import { SharedMemory } from './memory.ts';
import { choosePath, type TestedCell } from './self-test.ts';

// The door to the kernel: one shared memory, one way of compiling, one path for the whole process.

export interface Kernel {
  readonly memory: SharedMemory;
  readonly path: KernelPath;
  /** Why this path: one sentence for the log, the API and the metric. */
  readonly reason: string;
  /** Emits functions into a fresh module and compiles it. */
  compile(emit: (e: Emitter) => void): WebAssembly.Module;
}

export interface KernelOptions {
  /** `plain` never tries the revectorised path; `auto` takes it when its self-test passes. */
  readonly mode: KernelMode;
  readonly memoryMegabytes: number;
}

/** @param cells what the self-test runs */
export function createKernelTestedOn(cells: readonly TestedCell[], options: KernelOptions): Kernel {
  const memory = new SharedMemory({ maximumMegabytes: options.memoryMegabytes, reserved: constantsBytes });
  const build = (path: KernelPath, emit: (e: Emitter) => void): WebAssembly.Module => {
    const module = new ModuleBuilder({ maximumPages: memory.maximumPages });
    emit({ module, constant: (value) => constants.float(value), bits: (value) => constants.bits(value) });
    return compileModule(module.encode(), path);
  };
  const constants = new ConstantPool(memory.memory);
  const { path, reason } = choosePath(options.mode, memory, build, cells);
  return { memory, path, reason, compile: (emit) => build(path, emit) };
}
