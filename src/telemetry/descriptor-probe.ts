import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isOutOfDescriptors } from '../errors.ts';
import { createLimitedLog } from './limited-log.ts';

const probeMs = 1000;
const logEveryMs = 10_000;

/**
 * Whether a file descriptor is left, found out by taking one every second. Nothing else would show it: Node accepts and closes
 * the connections that it has no descriptor for, silently.
 */
export interface DescriptorProbe {
  readonly exhausted: boolean;
  stop(): void;
}

export function probeDescriptors(log: { warn(fields: object, message: string): void }): DescriptorProbe {
  const warn = createLimitedLog((fields, message) => log.warn(fields, message), logEveryMs);
  let exhausted = false;
  const timer = setInterval(() => {
    try {
      closeSync(openSync(devNull, 'r'));
      exhausted = false;
    } catch (error) {
      exhausted = isOutOfDescriptors(error);
      if (exhausted) warn({}, 'no file descriptor is left (ulimit -n): connections are refused');
    }
  }, probeMs).unref();
  return {
    get exhausted() {
      return exhausted;
    },
    stop: () => clearInterval(timer),
  };
}
