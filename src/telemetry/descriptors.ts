import { readdirSync, readFileSync } from 'node:fs';

/** File descriptors of this process. */
export interface DescriptorUse {
  readonly open: number;
  /** Infinity where there is no limit. */
  readonly limit: number;
}

/** Null where the system does not say, which only Linux does. */
export function readDescriptorUse(): DescriptorUse | null {
  try {
    const [, soft] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))!;
    const limit = soft === 'unlimited' ? Infinity : Number(soft);
    // one of them is the folder that is being read
    return { open: readdirSync('/proc/self/fd').length - 1, limit };
  } catch {
    return null;
  }
}
