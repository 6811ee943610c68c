import { createHash } from 'node:crypto';
import { ModuleBuilder } from './assembler/module-builder.ts';
import { compileLazily, compileModule, type KernelMode, type KernelPath } from './compile.ts';
import { compileChecked, type CompiledModule } from './compile-checked.ts';
import { ConstantPool, constantsBytes, createConstantSlots } from './constants.ts';
import { chooseByteProducts } from './choose-byte-products.ts';
import { dotBytesBy, type ByteProducts } from './emit/byte-products.ts';
import type { Emitter } from './emit/emitter.ts';
import { SharedMemory, type KernelMemory } from './memory.ts';
import { emitProbe, probeBytes, measureProbeGain } from './path-gain.ts';
import { choosePath, type Build, type TestedCell } from './self-test.ts';

// The kernel: one shared memory and one compilation path for the whole process.

/** What another thread needs to emit and compile code for the same memory. Plain data, to be posted. */
export interface KernelShare {
  readonly memory: WebAssembly.Memory;
  readonly maximumPages: number;
  readonly constants: SharedArrayBuffer;
  readonly byteProducts: ByteProducts;
  readonly path: KernelPath;
  /** Why it is this path, in one sentence, for the log, the API and the metric. */
  readonly reason: string;
}

export interface Kernel<M extends KernelMemory = KernelMemory> {
  readonly memory: M;
  readonly path: KernelPath;
  readonly reason: string;
  readonly share: KernelShare;
  /** Emits functions into a new module and compiles it. @returns the module, and the path it is on */
  compile(emit: (e: Emitter) => void): CompiledModule;
  /** The same for functions that are rarely called: each is compiled at its first call. */
  compileLazily(emit: (e: Emitter) => void): WebAssembly.Module;
}

/** Compiled modules that are kept. */
const maxModules = 64;

/** The probe uses memory that is never allocated, so that modules can be compiled for a full memory. */
const probeAddress = constantsBytes;

export interface KernelOptions {
  /** `plain` never tries the revectorised path; `auto` takes it when its self-test passes. */
  readonly mode: KernelMode;
  readonly memoryMegabytes: number;
}

/**
 * Creates the kernel of the process and runs its self-test.
 * @param cells the cells the self-test runs
 * @param sources folders of their code
 */
export function createTestedKernel(
  cells: readonly TestedCell[],
  sources: readonly string[],
  options: KernelOptions,
): Kernel<SharedMemory> {
  const memory = new SharedMemory({
    maximumMegabytes: options.memoryMegabytes,
    reserved: probeAddress + probeBytes,
  });
  const constants = createConstantSlots();
  const byteProducts = chooseByteProducts(memory, (emit) =>
    compileModule(encoderFor(memory, constants, 'relaxed')(emit), 'plain'),
  );
  const encode = encoderFor(memory, constants, byteProducts);
  const build: Build = (path, emit) => compileModule(encode(emit), path);
  const verdict = choosePath(options.mode, memory, build, cells, [import.meta.dirname, ...sources]);
  const { memory: shared, maximumPages } = memory;
  const share = { memory: shared, maximumPages, constants, byteProducts, ...verdict };
  return openKernel(share, memory);
}

/** Opens the kernel that another thread created: the same memory, constants and path. */
export function openKernel<M extends KernelMemory>(share: KernelShare, memory: M): Kernel<M> {
  const { path, reason } = share;
  const encode = encoderFor(memory, share.constants, share.byteProducts);
  let plainProbe: WebAssembly.Module | null = null;
  /** The latest modules by a hash of their bytes: addresses are parameters, so networks of one shape share theirs. */
  const modules = new Map<string, CompiledModule>();

  function compile(emit: (e: Emitter) => void): CompiledModule {
    let probe = '';
    const bytes = encode((e) => {
      emit(e);
      if (path === 'revectorised') probe = emitProbe(e);
    });
    const key = createHash('sha256').update(bytes).digest('base64');
    const known = modules.get(key);
    if (known) return known;
    const compiled = compileBytes(bytes, probe);
    // a module that was measured to be slow may be faster when it is compiled again
    if (compiled.path === path) modules.set(key, compiled);
    const [oldest] = modules.keys();
    if (modules.size > maxModules) modules.delete(oldest!);
    return compiled;
  }

  function compileBytes(bytes: Uint8Array<ArrayBuffer>, probe: string): CompiledModule {
    if (path === 'plain') return { module: compileModule(bytes, path), path, reason };
    plainProbe ??= compileModule(encode(emitProbe), 'plain');
    const plain = plainProbe;
    return compileChecked(bytes, (module) =>
      measureProbeGain(memory.memory, probeAddress, probe, [plain, module]),
    );
  }
  return { memory, path, reason, share, compile, compileLazily: (emit) => compileLazily(encode(emit)) };
}

/** Returns an encoder of emitted functions to a module's bytes. */
function encoderFor(
  memory: KernelMemory,
  slots: SharedArrayBuffer,
  byteProducts: ByteProducts,
): (emit: (e: Emitter) => void) => Uint8Array<ArrayBuffer> {
  const constants = new ConstantPool(memory.memory, slots);
  return (emit) => {
    const module = new ModuleBuilder({ maximumPages: memory.maximumPages });
    emit({
      module,
      constant: (value) => constants.float(value),
      bits: (value) => constants.bits(value),
      dotBytes: dotBytesBy[byteProducts],
    });
    return module.encode();
  };
}
