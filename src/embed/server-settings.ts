import { readConfig, type Config } from '../config.ts';

/** Settings of a server by their names in lower case; docs/configuration.md lists them. */
export type ServerSettings = { readonly [K in keyof Config as Lowercase<K>]?: Config[K] | undefined };

/** @throws ConfigError naming each invalid setting */
export const toConfig = (settings: ServerSettings): Config =>
  readConfig(
    Object.fromEntries(
      Object.entries(settings).flatMap(([name, value]) =>
        value === undefined ? [] : [[`UNROLL_${name.toUpperCase()}`, String(value)]],
      ),
    ),
    (key) => key.toLowerCase(),
  );
