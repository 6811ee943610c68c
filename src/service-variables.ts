import { isIP } from 'node:net';

// Kubernetes puts the address of every Service of the namespace into the environment. Of a Service named `unroll`
// or `unroll-…`, those variables begin as our settings do.

const isPort = (value: string): boolean => /^\d{1,5}$/.test(value);
const isAddress = (value: string): boolean => isIP(value.replace(/^\[(.*)\]$/, '$1')) !== 0;
const isServiceUrl = (value: string): boolean => /^(tcp|udp|sctp):\/\/\S+:\d{1,5}$/.test(value);

/** The forms of a name, after that of the Service, and which values the variable then has. */
const forms: readonly (readonly [RegExp, (value: string) => boolean])[] = [
  [/_SERVICE_HOST$/, isAddress],
  [/_SERVICE_PORT(_[A-Z0-9_]+)?$/, isPort],
  [/_PORT(_\d+_(TCP|UDP|SCTP))?$/, isServiceUrl],
  [/_PORT_\d+_(TCP|UDP|SCTP)_PROTO$/, (value) => /^(tcp|udp|sctp)$/.test(value)],
  [/_PORT_\d+_(TCP|UDP|SCTP)_PORT$/, isPort],
  [/_PORT_\d+_(TCP|UDP|SCTP)_ADDR$/, isAddress],
];

type Environment = Readonly<Record<string, string | undefined>>;

/** Removes the variables that Kubernetes has set, so that the others are read as settings. */
export function removeServiceVariables(environment: Environment): {
  readonly own: Environment;
  /** The names of the removed ones. */
  readonly removed: readonly string[];
} {
  const { own = [], removed = [] } = Object.groupBy(Object.entries(environment), ([name, value]) =>
    name.startsWith('UNROLL_') && isServiceVariable(name, value) ? 'removed' : 'own',
  );
  return { own: Object.fromEntries(own), removed: removed.map(([name]) => name) };
}

/** Whether a variable is one that Kubernetes sets for a Service, by its name and its value. */
export const isServiceVariable = (name: string, value: string | undefined): boolean =>
  value !== undefined && forms.some(([pattern, hasForm]) => pattern.test(name) && hasForm(value));
