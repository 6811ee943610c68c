import { pino, type Logger } from 'pino';
import { formatForTerminal } from './terminal-log.ts';

export type { Logger } from 'pino';

/**
 * Creates a logger of JSON lines on standard output, or of lines for a person where that is a terminal. Bodies
 * and headers are not logged.
 */
export function createLogger(level: string, terminal = false): Logger {
  const options = { level, base: { name: 'unroll' }, timestamp: pino.stdTimeFunctions.isoTime };
  if (!terminal) return pino(options);
  return pino(options, { write: (line) => void process.stdout.write(formatForTerminal(line)) });
}
