import { invalidWeights, quote } from '../../format-errors.ts';
import { tokenize, type Token } from './tokens.ts';

/** Reads tokens one after the other. */
export interface TokenReader {
  readonly file: string;
  peek(ahead?: number): Token;
  next(): Token;
  /** Reads a symbol or keyword if it is next. */
  accept(text: string): boolean;
  /** @throws UnrollError invalid_weights when another token is next */
  expect(text: string): Token;
  expectKind(kind: Token['kind']): Token;
  fail(token: Token, expected: string): never;
  /** Runs a nested part of the grammar. @throws UnrollError invalid_weights when it is nested too deep */
  nested<T>(read: () => T): T;
}

/** Nesting of expressions and blocks. */
const maxDepth = 200;

export function createTokenReader(bytes: Uint8Array, file: string): TokenReader {
  const tokens = tokenize(bytes, file);
  let at = 0;
  let depth = 0;
  const fail = (token: Token, expected: string): never =>
    invalidWeights(
      `${file}, line ${token.line}: ${token.kind === 'name' || token.kind === 'symbol' ? quote(token.text) : `a ${token.kind}`}, must be ${expected}`,
    );
  const peek = (ahead = 0): Token => tokens[Math.min(at + ahead, tokens.length - 1)]!;
  const next = (): Token => {
    const token = peek();
    if (at < tokens.length - 1) at++;
    return token;
  };
  const isText = ({ kind, text }: Token, wanted: string): boolean =>
    (kind === 'symbol' || kind === 'name') && text === wanted;
  const accept = (text: string): boolean => {
    if (!isText(peek(), text)) return false;
    next();
    return true;
  };
  return {
    file,
    peek,
    next,
    accept,
    fail,
    expect: (text) => (isText(peek(), text) ? next() : fail(peek(), quote(text))),
    expectKind: (kind) => (peek().kind === kind ? next() : fail(peek(), `a ${kind}`)),
    nested(read) {
      if (++depth > maxDepth)
        invalidWeights(`${file}, line ${peek().line}: nested more than ${maxDepth} deep`);
      const result = read();
      depth--;
      return result;
    },
  };
}
