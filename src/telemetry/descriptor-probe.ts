import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isOutOfDescriptors } from '../errors.ts';
import { createLimitedLog } from './limited-log.ts';

const probeMs = 1000;
const logEveryMs = 10_000;

/**
 * Detects whether the process has used up its file descriptors, by opening one every second. Node gives no
 * sign of it: it accepts and closes a connection for which it has no descriptor.
 */
export interface DescriptorProbe {
  readonly exhausted: boolean;
  stop(): void;
}

/** Starts the probe. @param log receives a warning at most every 10 seconds */
export function probeDescriptors(log: { warn(fields: object, message: string): void }): DescriptorProbe {
  const warn = createLimitedLog((fields, message) => log.warn(fields, message), logEveryMs);
  let exhausted = false;
  const timer = setInterval(() => {
    try {
      closeSync(openSync(devNull, 'r'));
      exhausted = false;
    } catch (error) {
      exhausted = isOutOfDescriptors(error);
      if (exhausted) warn({}, 'no file descriptors are left (ulimit -n): connections are closed');
    }
  }, probeMs).unref();
  return {
    get exhausted() {
      return exhausted;
    },
    stop: () => clearInterval(timer),
  };
}
