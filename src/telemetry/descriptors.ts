import { readdirSync, readFileSync } from 'node:fs';

/** Use of file descriptors by this process. */
export interface DescriptorUse {
  readonly open: number;
  /** Infinity if there is no limit. */
  readonly limit: number;
}

/** Reads the open descriptors and their soft limit from /proc; null on systems other than Linux. */
export function readDescriptorUse(): DescriptorUse | null {
  try {
    const [, soft] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))!;
    const limit = soft === 'unlimited' ? Infinity : Number(soft);
    // one of them is the directory that is being read
    return { open: readdirSync('/proc/self/fd').length - 1, limit };
  } catch {
    return null;
  }
}
