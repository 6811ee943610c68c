import type { Config } from '../config.ts';

/** The server that commands call: that of the settings, else the one that these settings start on this machine. */
export function serverUrl({
  SERVER: server,
  HOST: host,
  PORT: port,
}: Pick<Config, 'SERVER' | 'HOST' | 'PORT'>): string {
  if (server !== '') return server.replace(/\/+$/, '');
  const local = ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `http://${local}:${port === 0 ? 8080 : port}`;
}
