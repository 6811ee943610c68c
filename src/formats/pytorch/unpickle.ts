import { invalidWeights, quote } from '../format-errors.ts';
import { checkGlobal, construct } from './constructors.ts';
import { isKind, type PickleValue } from './pickle-values.ts';

// Python's pickle, protocols 2 to 5 (Lib/pickletools.py describes the stack machine): a stack, a memo,
// one-byte opcodes. Only the opcodes that weights files need are supported; any other one is refused.

const limits = {
  /** Values pushed in total, and entries of the memo. */
  values: 2_000_000,
  stringBytes: 16 * 1024 * 1024,
} as const;

const mark = Symbol('mark');
type Slot = PickleValue | typeof mark;

/**
 * Reads one pickle.
 * @param bytes from its first byte; bytes after its end are ignored
 * @param loadPersistent converts a persistent id to a value: a storage
 * @returns the value and the offset at which the pickle ends
 * @throws UnrollError invalid_weights
 */
export function unpickle(
  bytes: Uint8Array,
  loadPersistent: (id: PickleValue) => PickleValue,
): { value: PickleValue; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const stack: Slot[] = [];
  const memo = new Map<number, PickleValue>();
  let at = 0;
  let pushed = 0;

  const damaged = (what: string): never => invalidWeights(`the pickle is damaged: ${what} at byte ${at}`);
  const take = (length: number): number => {
    const from = at;
    if (!(length <= bytes.length - at)) damaged(`${length} more bytes expected`);
    at += length;
    return from;
  };
  const byte = (): number => view.getUint8(take(1));
  const uint32 = (): number => view.getUint32(take(4), true);
  const long64 = (): number => Number(view.getBigUint64(take(8), true));
  const raw = (length: number): Uint8Array => {
    const from = take(length);
    return bytes.subarray(from, from + length);
  };
  const text = (length: number): string => {
    if (length > limits.stringBytes) damaged(`a string of ${length} bytes`);
    try {
      return utf8.decode(raw(length));
    } catch {
      return damaged('a string that is not UTF-8');
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0 || end - at > 1024) damaged('an unterminated line');
    const content = text(end - at);
    at++;
    return content;
  };
  const long = (length: number): PickleValue => {
    if (length > 64) damaged(`a number of ${length} bytes`);
    let number = 0n;
    const digits = raw(length);
    for (let i = length - 1; i >= 0; i--) number = (number << 8n) | BigInt(digits[i]!);
    if (length > 0 && digits[length - 1]! >= 0x80) number -= 1n << BigInt(8 * length);
    return number >= Number.MIN_SAFE_INTEGER && number <= Number.MAX_SAFE_INTEGER ? Number(number) : number;
  };
  const push = (value: Slot): void => {
    if (++pushed > limits.values) damaged(`more than ${limits.values} values`);
    stack.push(value);
  };
  const pop = (): PickleValue => {
    const value = stack.pop();
    return value === undefined || value === mark ? damaged('an empty stack') : value;
  };
  const top = (): PickleValue => {
    const value = stack.at(-1);
    return value === undefined || value === mark ? damaged('an empty stack') : value;
  };
  const sinceMark = (): PickleValue[] => {
    const from = stack.lastIndexOf(mark);
    if (from < 0) damaged('no mark on the stack');
    return (stack.splice(from) as PickleValue[]).slice(1);
  };
  const storeMemo = (index: number): void => {
    if (memo.size > limits.values) damaged(`a memo of more than ${limits.values} entries`);
    memo.set(index, top());
  };
  const loadMemo = (index: number): PickleValue => {
    const value = memo.get(index);
    return value === undefined ? damaged(`no memo entry ${index}`) : value;
  };
  const pushGlobal = (module: string, attribute: string): void => {
    const full = `${module}.${attribute}`;
    checkGlobal(full);
    push({ kind: 'global', name: full });
  };
  // what an opaque value is made of is dropped, items too
  const append = (items: readonly PickleValue[]): void => {
    const into = top();
    if (isKind(into, 'opaque')) return;
    if (!Array.isArray(into)) return damaged('append to a value that is not a list');
    for (const item of items) into.push(item);
  };
  const set = (pairs: readonly PickleValue[]): void => {
    const into = top();
    if (isKind(into, 'opaque')) return;
    if (!(into instanceof Map)) return damaged('set items of a value that is not a dictionary');
    for (let i = 0; i + 1 < pairs.length; i += 2) into.set(pairs[i]!, pairs[i + 1]!);
  };
  const call = (args: PickleValue): void => {
    const callee = pop();
    if (isKind(callee, 'opaque')) push(callee);
    else if (isKind(callee, 'global') && Array.isArray(args)) push(construct(callee.name, args));
    else damaged('a call of a value that is not a function');
  };

  for (;;) {
    const code = byte();
    switch (String.fromCharCode(code)) {
      case '.':
        return { value: pop(), end: at };
      case '\x80': {
        const version = byte();
        if (version > 5) damaged(`protocol ${version}`);
        break;
      }
      case '\x95':
        take(8);
        break;
      case '(':
        push(mark);
        break;
      case '0':
        if (stack.pop() === undefined) damaged('an empty stack');
        break;
      case '1':
        sinceMark();
        break;
      case '2':
        push(top());
        break;
      case 'N':
        push(null);
        break;
      case '\x88':
        push(true);
        break;
      case '\x89':
        push(false);
        break;
      case 'K':
        push(byte());
        break;
      case 'M':
        push(view.getUint16(take(2), true));
        break;
      case 'J':
        push(view.getInt32(take(4), true));
        break;
      case '\x8a':
        push(long(byte()));
        break;
      case '\x8b':
        push(long(uint32()));
        break;
      case 'G':
        push(view.getFloat64(take(8)));
        break;
      case 'X':
      case 'T':
        push(text(uint32()));
        break;
      case '\x8c':
      case 'U':
        push(text(byte()));
        break;
      case 'B':
        push(raw(uint32()));
        break;
      case 'C':
        push(raw(byte()));
        break;
      case '\x8d':
        push(text(long64()));
        break;
      case '\x8e':
      case '\x96':
        push(raw(long64()));
        break;
      case ')':
      case ']':
      // EMPTY_SET: a list will do where only tensors are wanted
      case '\x8f':
        push([]);
        break;
      case '\x91':
        push(sinceMark());
        break;
      case '}':
        push(new Map());
        break;
      case 't':
      case 'l':
        push(sinceMark());
        break;
      case 'd': {
        const pairs = sinceMark();
        push(new Map());
        set(pairs);
        break;
      }
      case '\x85':
      case '\x86':
      case '\x87': {
        const items = Array.from({ length: code - 0x84 }, pop);
        push(items.reverse());
        break;
      }
      case 'a':
        append([pop()]);
        break;
      case 'e':
      // ADDITEMS, to a set
      case '\x90':
        append(sinceMark());
        break;
      case 's': {
        const value = pop();
        set([pop(), value]);
        break;
      }
      case 'u':
        set(sinceMark());
        break;
      case 'q':
        storeMemo(byte());
        break;
      case 'r':
        storeMemo(uint32());
        break;
      case '\x94':
        storeMemo(memo.size);
        break;
      case 'h':
        push(loadMemo(byte()));
        break;
      case 'j':
        push(loadMemo(uint32()));
        break;
      case 'c':
        pushGlobal(line(), line());
        break;
      case '\x93': {
        const attribute = pop();
        const module = pop();
        if (typeof module !== 'string' || typeof attribute !== 'string')
          return damaged('a name that is not a string');
        pushGlobal(module, attribute);
        break;
      }
      case 'R':
      case '\x81':
        call(pop());
        break;
      // NEWOBJ_EX: the class, its arguments, and those with names
      case '\x92':
        pop();
        call(pop());
        break;
      case 'b': {
        const state = pop();
        const built = top();
        // the attributes of an OrderedDict (torch writes _metadata) do not affect the weights
        if (isKind(built, 'object')) built.attributes = state;
        else if (isKind(built, 'opaque')) {
          if (state instanceof Map && state.has('_parameters')) built.isModule = true;
        } else if (!(built instanceof Map || isKind(built, 'tensor')))
          damaged('a state for a value without attributes');
        break;
      }
      case 'Q':
        push(loadPersistent(pop()));
        break;
      default:
        damaged(`opcode ${quote(String.fromCharCode(code))} (0x${code.toString(16)})`);
    }
  }
}
