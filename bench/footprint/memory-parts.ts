import type { HeapReport } from './probe.ts';
import { type Mapping, readMappings } from './resident-memory.ts';

/** Resident bytes by what they are for. */
export interface MemoryParts {
  readonly 'node binary and libraries': number;
  readonly 'kernel: weights and states': number;
  readonly 'main heap, young': number;
  readonly 'main heap, old': number;
  readonly "workers' heaps": number;
  readonly 'compiled code': number;
  readonly 'buffers and other native memory': number;
  readonly total: number;
}

const isFile = ({ path }: Mapping): boolean => path.startsWith('/');

export function memoryParts(pid: number, heaps: HeapReport): MemoryParts {
  const mappings = readMappings(pid);
  const resident = (keep: (mapping: Mapping) => boolean): number =>
    mappings.filter(keep).reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  const isKernel = ({ bytes, path }: Mapping): boolean => path === '' && heaps.kernel.includes(bytes);
  const isCode = ({ permissions, path }: Mapping): boolean => path === '' && permissions.includes('x');
  const parts = {
    'node binary and libraries': resident(isFile),
    'kernel: weights and states': resident(isKernel),
    'main heap, young': heaps.mainYoung,
    'main heap, old': heaps.mainOld,
    "workers' heaps": heaps.workers.reduce((sum, bytes) => sum + bytes, 0),
    'compiled code': resident(isCode),
  };
  const total = resident(() => true);
  const known = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  return { ...parts, 'buffers and other native memory': total - known, total };
}
