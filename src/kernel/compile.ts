import { isUtf8 } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';

// Compiles an emitted module with V8's optimising compiler at once, on the plain or the revectorised path.

export type KernelPath = 'plain' | 'revectorised';
/** `auto` takes the revectorised path when its self-test passes. */
export type KernelMode = 'plain' | 'auto';

/** V8 flags belong to the whole process: they are set around one synchronous compile and put back. */
export function compileModule(bytes: Uint8Array<ArrayBuffer>, path: KernelPath): WebAssembly.Module {
  const flags = ['--no-liftoff', '--no-wasm-lazy-compilation'];
  if (path === 'revectorised') flags.push('--experimental-wasm-revectorize');
  for (const flag of flags) setFlagsFromString(flag);
  try {
    return new WebAssembly.Module(path === 'plain' ? bytes : withSection(bytes, path));
  } finally {
    for (const flag of flags) setFlagsFromString(opposite(flag));
  }
}

/** `--no-liftoff` ↔ `--liftoff` */
const opposite = (flag: string): string =>
  flag.startsWith('--no-') ? `--${flag.slice(5)}` : `--no-${flag.slice(2)}`;

/** V8 keeps compiled code by the module's bytes: a custom section keeps the two paths' code apart. */
function withSection(bytes: Uint8Array, label: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(label);
  const section = Uint8Array.of(0, name.length + 1, name.length, ...name);
  const labelled = new Uint8Array(bytes.length + section.length);
  labelled.set(bytes);
  labelled.set(section, bytes.length);
  return labelled;
}

const ascii = Buffer.alloc(256, 'a');

/**
 * Clears the upper halves of the vector registers. Revectorised code leaves them dirty, and on Intel processors scalar
 * code such as Math.exp then runs about twenty times slower; this call into vectorised native code, about 0.2 µs, ends
 * in the instruction that clears them.
 */
export function clearVectorRegisters(): void {
  isUtf8(ascii);
}
