import type { Expression } from './syntax.ts';
import type { TokenReader } from './token-reader.ts';

const constants: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };
const numbers: Readonly<Record<string, number>> = { inf: Infinity, nan: NaN };

/** Parses expressions separated by commas; more than one, or a comma at the end, is a tuple. */
export function parseExpressions(reader: TokenReader): Expression {
  const { line } = reader.peek();
  const items = [parseExpression(reader)];
  let isTuple = false;
  while (reader.accept(',')) {
    isTuple = true;
    const { kind, text } = reader.peek();
    if (kind === 'newline' || (kind === 'symbol' && text === '=')) break;
    items.push(parseExpression(reader));
  }
  return isTuple ? { kind: 'tuple', items, line } : items[0]!;
}

export const parseExpression = (reader: TokenReader): Expression =>
  reader.nested(() => {
    let expression = parseAtom(reader);
    for (;;) {
      const { line } = reader.peek();
      if (reader.accept('.'))
        expression = { kind: 'attribute', object: expression, name: reader.expectKind('name').text, line };
      else if (reader.accept('('))
        expression = { kind: 'call', callee: expression, ...parseArguments(reader), line };
      else if (reader.accept('[')) {
        const items = parseItems(reader, ']').items;
        const index: Expression = items.length === 1 ? items[0]! : { kind: 'tuple', items, line };
        expression = { kind: 'index', object: expression, index, line };
      } else return expression;
    }
  });

function parseAtom(reader: TokenReader): Expression {
  const token = reader.next();
  const { kind, text, line } = token;
  if (kind === 'number') return { kind: 'number', value: Number(text), isFloat: /[.e]/.test(text), line };
  if (kind === 'string') return { kind: 'string', value: text, line };
  if (kind === 'name') {
    if (Object.hasOwn(constants, text)) return { kind: 'constant', value: constants[text]!, line };
    if (Object.hasOwn(numbers, text)) return { kind: 'number', value: numbers[text]!, isFloat: true, line };
    return { kind: 'name', name: text, line };
  }
  if (kind !== 'symbol') return reader.fail(token, 'an expression');
  if (text === '-') {
    const number = parseAtom(reader);
    return number.kind === 'number'
      ? { ...number, value: -number.value }
      : reader.fail(token, 'an expression');
  }
  if (text === '[') return { kind: 'list', items: parseItems(reader, ']').items, line };
  if (text === '(') {
    const { items, comma } = parseItems(reader, ')');
    return items.length === 1 && !comma ? items[0]! : { kind: 'tuple', items, line };
  }
  if (text === '{') return { kind: 'dict', entries: parseEntries(reader), line };
  return reader.fail(token, 'an expression');
}

/** Expressions up to a closing bracket. `comma` tells whether the last is followed by a comma. */
function parseItems(reader: TokenReader, close: string): { items: Expression[]; comma: boolean } {
  const items: Expression[] = [];
  let comma = false;
  while (!reader.accept(close)) {
    if (items.length > 0 && !comma) reader.expect(close);
    items.push(parseExpression(reader));
    comma = reader.accept(',');
  }
  return { items, comma };
}

function parseEntries(reader: TokenReader): [Expression, Expression][] {
  const entries: [Expression, Expression][] = [];
  while (!reader.accept('}')) {
    const key = parseExpression(reader);
    reader.expect(':');
    entries.push([key, parseExpression(reader)]);
    if (!reader.accept(',')) {
      reader.expect('}');
      break;
    }
  }
  return entries;
}

function parseArguments(reader: TokenReader): {
  args: Expression[];
  keywords: [string, Expression][];
} {
  const args: Expression[] = [];
  const keywords: [string, Expression][] = [];
  while (!reader.accept(')')) {
    const ahead = reader.peek(1);
    if (reader.peek().kind === 'name' && ahead.kind === 'symbol' && ahead.text === '=') {
      const name = reader.next().text;
      reader.expect('=');
      keywords.push([name, parseExpression(reader)]);
    } else args.push(parseExpression(reader));
    if (!reader.accept(',')) {
      reader.expect(')');
      break;
    }
  }
  return { args, keywords };
}
