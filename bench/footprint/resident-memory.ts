import { readFileSync } from 'node:fs';

export interface Mapping {
  readonly bytes: number;
  readonly residentBytes: number;
  readonly permissions: string;
  /** '' for memory that is no file's. */
  readonly path: string;
}

/** A process's mappings, from /proc/<pid>/smaps (proc(5)); Linux only. */
export function readMappings(pid: number): Mapping[] {
  const blocks = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return blocks.map((block) => {
    const [first = ''] = block.split('\n', 1);
    const [, permissions = '', , , , path = ''] = first.split(/\s+/);
    const readBytes = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(block)?.[1] ?? 0) * 1024;
    return { bytes: readBytes('Size'), residentBytes: readBytes('Rss'), permissions, path };
  });
}

/**
 * Processor time of a process so far, all threads, in milliseconds. Fields 14 and 15 of /proc/<pid>/stat are
 * in ticks of 10.
 */
export function cpuMilliseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
