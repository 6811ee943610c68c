import type { KernelPath } from './compile.ts';
import type { Emitter } from './emit/emitter.ts';
import type { KernelMode } from './kernel.ts';
import type { SharedMemory } from './memory.ts';

type Build = (path: KernelPath, emit: (e: Emitter) => void) => WebAssembly.Module;

export function choosePath(
  mode: KernelMode,
  _memory: SharedMemory,
  _build: Build,
): { path: KernelPath; reason: string } {
  if (mode === 'plain') return { path: 'plain', reason: 'asked for by UNROLL_KERNEL=plain' };
  return { path: 'revectorised', reason: 'todo' };
}
