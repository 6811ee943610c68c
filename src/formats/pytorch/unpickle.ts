import { invalidWeights, quote } from '../format-errors.ts';
import { checkGlobal, construct } from './constructors.ts';
import { isKind, type StorageRef, type PickleValue } from './pickle-values.ts';

// Python's pickle, protocols 2 to 5 (Lib/pickletools.py describes the machine): a stack, a memo, an opcode a byte. Only what files of
// weights hold is known; every other opcode ends the reading.

const limits = {
  /** Values on the stack, in the memo and made altogether. */
  values: 2_000_000,
  stringBytes: 16 * 1024 * 1024,
} as const;

const mark = Symbol('mark');
type Slot = PickleValue | typeof mark;

/**
 * Reads one pickle. @param bytes from its first byte on; what follows its end is left
 * @param persistent makes a storage of a persistent id
 * @returns the value and where the pickle ends
 * @throws UnrollError invalid_weights
 */
export function unpickle(
  bytes: Uint8Array,
  persistent: (id: PickleValue) => StorageRef,
): { value: PickleValue; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const stack: Slot[] = [];
  const memo = new Map<number, PickleValue>();
  let at = 0;
  let made = 0;

  const wrong = (what: string): never => invalidWeights(`the pickle is damaged: ${what} at byte ${at}`);
  const take = (length: number): number => {
    const from = at;
    if (!(length <= bytes.length - at)) wrong(`${length} bytes wanted`);
    at += length;
    return from;
  };
  const byte = (): number => view.getUint8(take(1));
  const uint32 = (): number => view.getUint32(take(4), true);
  const raw = (length: number): Uint8Array => {
    if (length > limits.stringBytes) wrong(`a string of ${length} bytes`);
    const from = take(length);
    return bytes.subarray(from, from + length);
  };
  const text = (length: number): string => {
    try {
      return utf8.decode(raw(length));
    } catch {
      return wrong('a text that is not UTF-8');
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0 || end - at > 1024) wrong('a line without an end');
    const said = text(end - at);
    at++;
    return said;
  };
  const long = (length: number): PickleValue => {
    if (length > 64) wrong(`a number of ${length} bytes`);
    let number = 0n;
    const digits = raw(length);
    for (let i = length - 1; i >= 0; i--) number = (number << 8n) | BigInt(digits[i]!);
    if (length > 0 && digits[length - 1]! >= 0x80) number -= 1n << BigInt(8 * length);
    return number >= Number.MIN_SAFE_INTEGER && number <= Number.MAX_SAFE_INTEGER ? Number(number) : number;
  };
  const push = (value: Slot): void => {
    if (++made > limits.values) wrong(`more than ${limits.values} values`);
    stack.push(value);
  };
  const pop = (): PickleValue => {
    const value = stack.pop();
    return value === undefined || value === mark ? wrong('an empty stack') : value;
  };
  const top = (): PickleValue => {
    const value = stack.at(-1);
    return value === undefined || value === mark ? wrong('an empty stack') : value;
  };
  const sinceMark = (): PickleValue[] => {
    const from = stack.lastIndexOf(mark);
    if (from < 0) wrong('no mark');
    return (stack.splice(from) as PickleValue[]).slice(1);
  };
  const remember = (index: number): void => {
    if (memo.size > limits.values) wrong('too large a memo');
    memo.set(index, top());
  };
  const recall = (index: number): PickleValue => {
    const value = memo.get(index);
    return value === undefined ? wrong(`nothing in the memo at ${index}`) : value;
  };
  const name = (module: string, attribute: string): void => {
    const full = `${module}.${attribute}`;
    checkGlobal(full);
    push({ kind: 'global', name: full });
  };
  const listOf = (): PickleValue[] => {
    const value = top();
    return Array.isArray(value) ? value : wrong('no list to append to');
  };
  const set = (pairs: readonly PickleValue[]): void => {
    const into = top();
    if (!(into instanceof Map)) return wrong('no dictionary to set items of');
    for (let i = 0; i + 1 < pairs.length; i += 2) into.set(pairs[i]!, pairs[i + 1]!);
  };
  const call = (args: PickleValue): void => {
    const callee = pop();
    if (!isKind(callee, 'global') || !Array.isArray(args)) return wrong('a call of no function');
    push(construct(callee.name, args));
  };

  for (;;) {
    const code = byte();
    switch (String.fromCharCode(code)) {
      case '.':
        return { value: pop(), end: at };
      case '\x80': {
        const version = byte();
        if (version > 5) wrong(`protocol ${version}`);
        break;
      }
      case '\x95':
        take(8);
        break;
      case '(':
        push(mark);
        break;
      case '0':
        if (stack.pop() === undefined) wrong('an empty stack');
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
      case ')':
      case ']':
        push([]);
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
      case 'a': {
        const item = pop();
        listOf().push(item);
        break;
      }
      case 'e': {
        const items = sinceMark();
        const into = listOf();
        for (const item of items) into.push(item);
        break;
      }
      case 's': {
        const value = pop();
        set([pop(), value]);
        break;
      }
      case 'u':
        set(sinceMark());
        break;
      case 'q':
        remember(byte());
        break;
      case 'r':
        remember(uint32());
        break;
      case '\x94':
        remember(memo.size);
        break;
      case 'h':
        push(recall(byte()));
        break;
      case 'j':
        push(recall(uint32()));
        break;
      case 'c':
        name(line(), line());
        break;
      case '\x93': {
        const attribute = pop();
        const module = pop();
        if (typeof module !== 'string' || typeof attribute !== 'string')
          return wrong('a name that is no text');
        name(module, attribute);
        break;
      }
      case 'R':
      case '\x81':
        call(pop());
        break;
      case 'b': {
        const state = pop();
        const built = top();
        // an OrderedDict's own attributes (torch writes _metadata) say nothing of the weights
        if (isKind(built, 'object')) built.attributes = state;
        else if (!(built instanceof Map)) wrong('a state of what has none');
        break;
      }
      case 'Q':
        push(persistent(pop()));
        break;
      default:
        wrong(`opcode ${quote(String.fromCharCode(code))} (0x${code.toString(16)})`);
    }
  }
}
