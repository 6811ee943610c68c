import { isUtf8 } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';
import { inheritedLock, withLock } from './compile-lock.ts';

// Compiles an emitted module with V8's optimising compiler at once, on the plain or the revectorised path.

export type KernelPath = 'plain' | 'revectorised';
/** `auto` takes the revectorised path when its self-test passes. */
export type KernelMode = 'plain' | 'auto';

const lock = inheritedLock();
/**
 * Far longer than any module takes to compile. Losing the lock can only cost speed, which is measured
 * (compile-checked.ts).
 */
const staleMs = 10_000;

/**
 * Compiles a module while no other thread of the process does: V8's flags are set for one synchronous compile
 * and restored.
 * @param attempt distinguishes compilations of the same module: V8 caches code by the module's bytes
 */
export function compileModule(
  bytes: Uint8Array<ArrayBuffer>,
  path: KernelPath,
  attempt = 1,
): WebAssembly.Module {
  const labelled = path === 'plain' ? bytes : withSection(bytes, attempt === 1 ? path : `${path}-${attempt}`);
  return withLock(lock, staleMs, (isHolder) => {
    setFlagsFromString('--no-liftoff');
    setFlagsFromString('--no-wasm-lazy-compilation');
    // set for both paths: a thread terminated while compiling has left its flags set
    setFlagsFromString(`--${path === 'plain' ? 'no-' : ''}experimental-wasm-revectorize`);
    try {
      return new WebAssembly.Module(labelled);
    } finally {
      if (isHolder())
        for (const flag of ['--liftoff', '--wasm-lazy-compilation', '--no-experimental-wasm-revectorize'])
          setFlagsFromString(flag);
    }
  });
}

/**
 * Compiles a module's functions when they are first called, in the thread that calls them: for code that most
 * processes never run. Waits for the lock, since the flags of another thread's compilation would apply to it.
 */
export const compileLazily = (bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module =>
  withLock(lock, staleMs, () => new WebAssembly.Module(bytes));

/** Adds a custom section, so that V8 caches the code of two compilations separately. */
function withSection(bytes: Uint8Array<ArrayBuffer>, label: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(label);
  const section = Uint8Array.of(0, name.length + 1, name.length, ...name);
  const labelled = new Uint8Array(bytes.length + section.length);
  labelled.set(bytes);
  labelled.set(section, bytes.length);
  return labelled;
}

const ascii = Buffer.alloc(256, 'a');

/**
 * Clears the upper halves of the vector registers. Revectorised code leaves them dirty, and on Intel
 * processors scalar code such as Math.exp then runs about twenty times slower; this call into vectorised
 * native code, about 0.2 µs, ends in the instruction that clears them.
 */
export function clearVectorRegisters(): void {
  isUtf8(ascii);
}
