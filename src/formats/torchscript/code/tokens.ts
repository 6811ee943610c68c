import { invalidWeights, quote } from '../../format-errors.ts';

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'symbol' | 'newline' | 'indent' | 'dedent' | 'end';
  readonly text: string;
  readonly line: number;
}

/** Limits on the code of an archive: a network of a thousand modules has about 2 MB. */
const limits = { bytes: 8 * 1024 * 1024, tokens: 2_000_000, indents: 64 } as const;

const pattern =
  /([A-Za-z_]\w*)|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(->|[()[\]{}:,.=-])|([ \t]+)/y;

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

/** The characters of a string literal, without its quotes. */
const unescape = (literal: string): string =>
  literal
    .slice(1, -1)
    .replaceAll(/\\([0-7]{1,3}|x[0-9a-fA-F]{2}|.)/g, (_, code: string) =>
      /^[0-7]/.test(code)
        ? String.fromCharCode(parseInt(code, 8))
        : /^x./.test(code)
          ? String.fromCharCode(parseInt(code.slice(1), 16))
          : (escapes[code] ?? code),
    );

/**
 * Splits code into tokens; indentation and line ends are tokens, except inside brackets.
 * @throws UnrollError invalid_weights with the line
 */
export function tokenize(bytes: Uint8Array, file: string): Token[] {
  const fail = (line: number, what: string): never => invalidWeights(`${file}, line ${line}: ${what}`);
  if (bytes.length > limits.bytes) fail(1, `more than ${limits.bytes} bytes of code`);
  const tokens: Token[] = [];
  const indents = [0];
  let depth = 0;
  const lines = new TextDecoder().decode(bytes).split('\n');
  lines.forEach((text, index) => {
    const line = index + 1;
    const add = (kind: Token['kind'], value = ''): void => {
      if (tokens.length >= limits.tokens) fail(line, `more than ${limits.tokens} tokens of code`);
      tokens.push({ kind, text: value, line });
    };
    if (text.trim() === '') return;
    if (depth === 0) {
      const indent = text.length - text.trimStart().length;
      if (indent > indents.at(-1)!) {
        if (indents.length >= limits.indents) fail(line, `more than ${limits.indents} nested blocks`);
        indents.push(indent);
        add('indent');
      }
      while (indent < indents.at(-1)!) {
        indents.pop();
        add('dedent');
      }
      if (indent !== indents.at(-1)!) fail(line, 'the indentation fits no block');
    }
    for (pattern.lastIndex = 0; pattern.lastIndex < text.length;) {
      const at = pattern.lastIndex;
      const match = pattern.exec(text);
      if (!match) return void fail(line, `${quote(text.slice(at, at + 20))} is not valid code`);
      const [, name, number, string, symbol] = match;
      if (name !== undefined) add('name', name);
      else if (number !== undefined) add('number', number);
      else if (string !== undefined) add('string', unescape(string));
      else if (symbol !== undefined) {
        add('symbol', symbol);
        if ('([{'.includes(symbol)) depth++;
        if (')]}'.includes(symbol) && --depth < 0) fail(line, `${quote(symbol)} closes nothing`);
      }
    }
    if (depth === 0) add('newline');
  });
  const last = lines.length;
  if (depth > 0) fail(last, 'a bracket is not closed');
  for (let i = 1; i < indents.length; i++) tokens.push({ kind: 'dedent', text: '', line: last });
  tokens.push({ kind: 'end', text: '', line: last });
  return tokens;
}
