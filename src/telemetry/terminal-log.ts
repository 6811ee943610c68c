const colours: Readonly<Record<number, string>> = { 20: '34', 30: '32', 40: '33', 50: '31', 60: '31' };
const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

interface Entry {
  readonly level: number;
  readonly time: string;
  readonly msg?: string;
  readonly err?: { readonly stack?: string };
  readonly [field: string]: unknown;
}

/** Formats a line of the JSON log for a person: time, level, message and fields, and an error's stack below. */
export function formatForTerminal(line: string): string {
  const { level, time, name: _name, msg = '', err, ...fields } = JSON.parse(line) as Entry;
  const head = `${time.slice(11, 23)} \x1b[${colours[level] ?? '0'}m${(levels[level] ?? '').padEnd(5)}\x1b[0m ${escapeControls(msg)}`;
  const rest = Object.entries(fields).map(
    ([field, value]) => ` \x1b[2m${escapeControls(field)}=\x1b[0m${formatValue(value)}`,
  );
  const stack = err?.stack === undefined ? '' : `\n${escapeControls(err.stack, /[^\P{C}\n]/gu)}`;
  return `${head}${rest.join('')}${stack}\n`;
}

function formatValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return escapeControls(value);
  return escapeControls(JSON.stringify(value));
}

/** What callers send is in the log: it must not move the cursor, nor look like another line. */
const escapeControls = (text: string, controls = /\p{C}/gu): string =>
  text.replace(controls, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`);
