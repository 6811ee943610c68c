export type KernelFunctions = Readonly<Record<string, (...parameters: number[]) => void>>;

/** Runs in any thread that shares the memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelFunctions {
  return new WebAssembly.Instance(module, { kernel: { memory } }).exports as KernelFunctions;
}
