import { scopes, type Scope } from './scopes.ts';

/** Whether only programs of this machine can connect. @param host a name or an address to listen on */
export const isLoopback = (host: string): boolean =>
  /^(127\.\d+\.\d+\.\d+|::1|localhost|ip6-localhost)$/i.test(host);

/**
 * What callers may do on a server without keys: everything where they are on the same machine, else call
 * models. Behind a proxy they need not be.
 */
export const scopesWithoutKey = ({
  loopback,
  proxied,
  open,
}: {
  readonly loopback: boolean;
  readonly proxied: boolean;
  readonly open: boolean;
}): readonly Scope[] => ((loopback && !proxied) || open ? scopes : ['infer']);
