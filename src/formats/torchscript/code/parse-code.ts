import type { ClassCode, CodeFile, Expression, FunctionCode, Parameter, Statement } from './syntax.ts';
import { parseExpression, parseExpressions } from './parse-expression.ts';
import { createTokenReader, type TokenReader } from './token-reader.ts';

/**
 * Parses a code file of an archive.
 * @param file its path, for errors
 * @throws UnrollError invalid_weights with the line of the first token that does not fit
 */
export function parseCode(bytes: Uint8Array, file: string): CodeFile {
  const reader = createTokenReader(bytes, file);
  const functions = new Map<string, FunctionCode>();
  const classes = new Map<string, ClassCode>();
  while (reader.peek().kind !== 'end')
    if (reader.accept('class')) {
      const parsed = parseClass(reader);
      classes.set(parsed.name, parsed);
    } else if (reader.accept('def')) {
      const parsed = parseFunction(reader);
      functions.set(parsed.name, parsed);
    } else if (reader.peek(1).text === '=' && reader.peek().text === 'op_version_set') parseStatement(reader);
    else reader.fail(reader.peek(), '"class" or "def"');
  return { functions, classes };
}

function parseClass(reader: TokenReader): ClassCode {
  const name = reader.expectKind('name').text;
  let base: string | null = null;
  if (reader.accept('(')) {
    base = reader.expectKind('name').text;
    reader.expect(')');
  }
  const attributes: string[] = [];
  const floats = new Set<string>();
  const constants = new Map<string, Expression>();
  const methods = new Map<string, FunctionCode>();
  openBlock(reader);
  while (!acceptKind(reader, 'dedent')) {
    if (reader.accept('def')) {
      const method = parseFunction(reader);
      methods.set(method.name, method);
      continue;
    }
    if (reader.accept('pass')) {
      endLine(reader);
      continue;
    }
    const attribute = reader.peek().text;
    const target = parseExpression(reader);
    const isAnnotated = target.kind === 'name' && reader.accept(':');
    if (isAnnotated) {
      attributes.push(attribute);
      const type = parseExpression(reader);
      if (type.kind === 'name' && type.name === 'float') floats.add(attribute);
    }
    if (reader.accept('=')) {
      const value = parseExpression(reader);
      if (target.kind === 'name') constants.set(attribute, value);
    } else if (!isAnnotated) reader.fail(reader.peek(), '"="');
    endLine(reader);
  }
  return { name, base, attributes, floats, constants, methods };
}

function parseFunction(reader: TokenReader): FunctionCode {
  const { text: name, line } = reader.expectKind('name');
  reader.expect('(');
  const parameters: Parameter[] = [];
  while (!reader.accept(')')) {
    if (parameters.length > 0) {
      reader.expect(',');
      if (reader.accept(')')) break;
    }
    const parameter = reader.expectKind('name').text;
    const type = reader.accept(':') ? parseExpression(reader) : null;
    parameters.push({ name: parameter, type, fallback: reader.accept('=') ? parseExpression(reader) : null });
  }
  if (reader.accept('->')) parseExpression(reader);
  return { name, parameters, body: parseBlock(reader), file: reader.file, line };
}

const acceptKind = (reader: TokenReader, kind: 'dedent' | 'newline'): boolean => {
  if (reader.peek().kind !== kind) return false;
  reader.next();
  return true;
};

function openBlock(reader: TokenReader): void {
  reader.expect(':');
  reader.expectKind('newline');
  reader.expectKind('indent');
}

const endLine = (reader: TokenReader): void => void reader.expectKind('newline');

const parseBlock = (reader: TokenReader): Statement[] =>
  reader.nested(() => {
    openBlock(reader);
    const statements: Statement[] = [];
    while (!acceptKind(reader, 'dedent')) statements.push(parseStatement(reader));
    return statements;
  });

function parseStatement(reader: TokenReader): Statement {
  const { line } = reader.peek();
  if (reader.accept('if')) {
    const test = parseExpression(reader);
    const ifTrue = parseBlock(reader);
    return { kind: 'if', test, ifTrue, ifFalse: reader.accept('else') ? parseBlock(reader) : [], line };
  }
  if (reader.accept('for')) {
    const variable = reader.expectKind('name').text;
    reader.expect('in');
    const iterable = parseExpression(reader);
    return { kind: 'for', variable, iterable, body: parseBlock(reader), line };
  }
  if (reader.accept('while')) {
    const test = parseExpression(reader);
    return { kind: 'while', test, body: parseBlock(reader), line };
  }
  const statement = parseSimple(reader, line);
  endLine(reader);
  return statement;
}

function parseSimple(reader: TokenReader, line: number): Statement {
  if (reader.accept('pass')) return { kind: 'pass', line };
  if (reader.accept('return')) {
    const value: Expression =
      reader.peek().kind === 'newline' ? { kind: 'constant', value: null, line } : parseExpressions(reader);
    return { kind: 'return', value, line };
  }
  const target = parseExpressions(reader);
  if (reader.accept(':')) {
    parseExpression(reader);
    reader.expect('=');
    return { kind: 'assign', target, value: parseExpressions(reader), line };
  }
  if (!reader.accept('=')) return { kind: 'expression', value: target, line };
  return { kind: 'assign', target, value: parseExpressions(reader), line };
}
