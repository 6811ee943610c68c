import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Creates a logger of JSON lines on standard output. Bodies and headers are not logged. */
export const createLogger = (level: string): Logger =>
  pino({ level, base: { name: 'unroll' }, timestamp: pino.stdTimeFunctions.isoTime });
