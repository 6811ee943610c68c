// Space in the one shared WebAssembly.Memory that every worker imports. The main thread keeps account of it; a thread that
// packs weights asks it for regions, workers only read and write inside regions they were handed.

const pageBytes = 65_536;
/** Regions start on a cache line. */
const alignment = 64;

interface FreeBlock {
  offset: number;
  bytes: number;
}

export class MemoryFull extends Error {}

/** Where a thread gets the regions from that it fills. */
export interface KernelMemory {
  readonly memory: WebAssembly.Memory;
  readonly maximumPages: number;
  /** @returns the address of zeroed bytes @throws MemoryFull */
  allocate(bytes: number): number;
  free(offset: number): void;
}

export interface Region {
  readonly offset: number;
  /** So many bytes at its start may hold what was there before; those after them are zero. */
  readonly usedBytes: number;
}

export class SharedMemory implements KernelMemory {
  readonly memory: WebAssembly.Memory;
  readonly maximumPages: number;
  #gaps: FreeBlock[];
  #end: number;
  /** Nothing was ever handed out from here on: the memory is zero, and the system need not have given it yet. */
  #untouched: number;
  #used = 0;
  readonly #taken = new Map<number, number>();

  /** @param reserved bytes at address 0 that are never handed out */
  constructor(options: { maximumMegabytes: number; reserved: number }) {
    this.maximumPages = Math.min(
      65_536,
      Math.max(1, Math.ceil((options.maximumMegabytes * 1_048_576) / pageBytes)),
    );
    const initial = Math.max(1, Math.ceil(options.reserved / pageBytes));
    this.memory = new WebAssembly.Memory({ initial, maximum: this.maximumPages, shared: true });
    this.#end = initial * pageBytes;
    const first = align(options.reserved);
    this.#untouched = first;
    this.#gaps = first < this.#end ? [{ offset: first, bytes: this.#end - first }] : [];
  }

  /** Bytes handed out now. */
  get used(): number {
    return this.#used;
  }

  /** Takes a region: first fit, growing the memory when nothing fits. @throws MemoryFull */
  reserve(bytes: number): Region {
    const wanted = allocatedBytes(bytes);
    let at = this.#gaps.findIndex((gap) => gap.bytes >= wanted);
    if (at < 0) {
      this.#grow(wanted);
      at = this.#gaps.length - 1;
    }
    const gap = this.#gaps[at]!;
    const { offset } = gap;
    gap.offset += wanted;
    gap.bytes -= wanted;
    if (gap.bytes === 0) this.#gaps.splice(at, 1);
    this.#taken.set(offset, wanted);
    this.#used += wanted;
    const usedBytes = Math.min(wanted, Math.max(0, this.#untouched - offset));
    this.#untouched = Math.max(this.#untouched, offset + wanted);
    return { offset, usedBytes };
  }

  /** Takes a region and zeroes it. @throws MemoryFull */
  allocate(bytes: number): number {
    return clearRegion(this.memory, this.reserve(bytes));
  }

  free(offset: number): void {
    const bytes = this.#taken.get(offset);
    if (bytes === undefined) throw new RangeError(`nothing was allocated at ${offset}`);
    this.#taken.delete(offset);
    this.#used -= bytes;
    this.#gaps.push({ offset, bytes });
    this.#gaps.sort((a, b) => a.offset - b.offset);
    this.#gaps = this.#gaps.reduce<FreeBlock[]>((merged, gap) => {
      const last = merged.at(-1);
      if (last && last.offset + last.bytes === gap.offset) last.bytes += gap.bytes;
      else merged.push(gap);
      return merged;
    }, []);
  }

  /** Grows so that the last gap holds `bytes`. */
  #grow(bytes: number): void {
    const last = this.#gaps.at(-1);
    const open = last && last.offset + last.bytes === this.#end ? last.bytes : 0;
    const pages = Math.ceil((bytes - open) / pageBytes);
    const limit = this.maximumPages * pageBytes;
    if (this.#end + pages * pageBytes > limit)
      throw new MemoryFull(
        `${bytes} bytes do not fit: ${this.used} of ${limit} bytes of kernel memory are in use`,
      );
    this.memory.grow(pages);
    if (open > 0 && last) last.bytes += pages * pageBytes;
    else this.#gaps.push({ offset: this.#end, bytes: pages * pageBytes });
    this.#end += pages * pageBytes;
  }
}

/** Zeroes what may be left of an earlier owner. @returns the region's address */
export function clearRegion(memory: WebAssembly.Memory, { offset, usedBytes }: Region): number {
  if (usedBytes > 0) new Uint8Array(memory.buffer, offset, usedBytes).fill(0);
  return offset;
}
/** Bytes that a region of so many takes. */
export const allocatedBytes = (bytes: number): number => align(Math.max(1, bytes));

const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
