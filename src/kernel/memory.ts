// Allocation in the one shared WebAssembly.Memory that every worker imports. The main thread allocates; a
// thread that packs weights requests regions from it, and workers only access the regions they were given.

const pageBytes = 65_536;
/** Regions start on a cache line. */
const alignment = 64;

interface FreeBlock {
  offset: number;
  bytes: number;
}

export class MemoryFull extends Error {}

/** The memory as a thread sees it that allocates regions and fills them. */
export interface KernelMemory {
  readonly memory: WebAssembly.Memory;
  readonly maximumPages: number;
  /** @returns the address of zeroed bytes @throws MemoryFull */
  allocate(bytes: number): number;
  /**
   * A region that all who ask for its name share; each of them frees it. What is in it is undefined.
   * @throws MemoryFull
   */
  share(name: string, bytes: number): number;
  free(offset: number): void;
}

export interface Region {
  readonly offset: number;
  /** Bytes at its start that an earlier owner may have written; the rest are zero. */
  readonly usedBytes: number;
}

/** A region with a name, and how many have asked for it. */
interface SharedRegion {
  readonly offset: number;
  users: number;
}

export class SharedMemory implements KernelMemory {
  readonly memory: WebAssembly.Memory;
  readonly maximumPages: number;
  #freeBlocks: FreeBlock[];
  #end: number;
  /** Nothing was ever allocated from here on: the memory is zero, and may not be resident yet. */
  #untouched: number;
  #used = 0;
  readonly #allocated = new Map<number, number>();
  readonly #shared = new Map<string, SharedRegion>();

  /** @param reserved bytes at address 0 that are never allocated */
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
    this.#freeBlocks = first < this.#end ? [{ offset: first, bytes: this.#end - first }] : [];
  }

  /** Bytes allocated now. */
  get used(): number {
    return this.#used;
  }

  /**
   * Allocates a region without zeroing it: first fit, growing the memory when none fits.
   * @throws MemoryFull
   */
  reserve(bytes: number): Region {
    const wanted = allocatedBytes(bytes);
    let at = this.#freeBlocks.findIndex((block) => block.bytes >= wanted);
    if (at < 0) {
      this.#grow(wanted);
      at = this.#freeBlocks.length - 1;
    }
    const block = this.#freeBlocks[at]!;
    const { offset } = block;
    block.offset += wanted;
    block.bytes -= wanted;
    if (block.bytes === 0) this.#freeBlocks.splice(at, 1);
    this.#allocated.set(offset, wanted);
    this.#used += wanted;
    const usedBytes = Math.min(wanted, Math.max(0, this.#untouched - offset));
    this.#untouched = Math.max(this.#untouched, offset + wanted);
    return { offset, usedBytes };
  }

  /** Allocates a zeroed region. @throws MemoryFull */
  allocate(bytes: number): number {
    return clearRegion(this.memory, this.reserve(bytes));
  }

  share(name: string, bytes: number): number {
    const region = this.#shared.get(name) ?? { offset: this.reserve(bytes).offset, users: 0 };
    this.#shared.set(name, region);
    region.users++;
    return region.offset;
  }

  free(offset: number): void {
    const bytes = this.#allocated.get(offset);
    if (bytes === undefined) throw new RangeError(`nothing was allocated at ${offset}`);
    if (this.#isStillShared(offset)) return;
    this.#allocated.delete(offset);
    this.#used -= bytes;
    this.#freeBlocks.push({ offset, bytes });
    this.#freeBlocks.sort((a, b) => a.offset - b.offset);
    this.#freeBlocks = this.#freeBlocks.reduce<FreeBlock[]>((merged, block) => {
      const last = merged.at(-1);
      if (last && last.offset + last.bytes === block.offset) last.bytes += block.bytes;
      else merged.push(block);
      return merged;
    }, []);
  }

  /** Removes a user of a shared region. @returns whether others are left */
  #isStillShared(offset: number): boolean {
    for (const [name, region] of this.#shared) {
      if (region.offset !== offset) continue;
      if (--region.users > 0) return true;
      this.#shared.delete(name);
    }
    return false;
  }

  /** Grows the memory so that its last free block has `bytes`. */
  #grow(bytes: number): void {
    const last = this.#freeBlocks.at(-1);
    const tail = last && last.offset + last.bytes === this.#end ? last.bytes : 0;
    const pages = Math.ceil((bytes - tail) / pageBytes);
    const limit = this.maximumPages * pageBytes;
    if (this.#end + pages * pageBytes > limit)
      throw new MemoryFull(
        `${bytes} bytes do not fit: ${this.used} of ${limit} bytes of kernel memory are in use`,
      );
    this.memory.grow(pages);
    if (tail > 0 && last) last.bytes += pages * pageBytes;
    else this.#freeBlocks.push({ offset: this.#end, bytes: pages * pageBytes });
    this.#end += pages * pageBytes;
  }
}

/** Zeroes what an earlier owner may have written. @returns the region's address */
export function clearRegion(memory: WebAssembly.Memory, { offset, usedBytes }: Region): number {
  if (usedBytes > 0) new Uint8Array(memory.buffer, offset, usedBytes).fill(0);
  return offset;
}
/** The size of a region for this many bytes: whole cache lines. */
export const allocatedBytes = (bytes: number): number => align(Math.max(1, bytes));

const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
