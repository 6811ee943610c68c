// Space in the one shared WebAssembly.Memory that every worker imports. The main thread owns this book; workers only
// read and write inside regions they were handed.

const pageBytes = 65_536;
/** Regions start on a cache line. */
const alignment = 64;

interface Gap {
  offset: number;
  bytes: number;
}

export class MemoryFull extends Error {}

export class SharedMemory {
  readonly memory: WebAssembly.Memory;
  readonly maximumPages: number;
  #gaps: Gap[];
  #end: number;
  /** Bytes from here to the end were never handed out: they are still the zeros that WebAssembly gave. */
  #firstUntouched: number;
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
    this.#firstUntouched = first;
    this.#gaps = first < this.#end ? [{ offset: first, bytes: this.#end - first }] : [];
  }

  /** Bytes handed out now. */
  get used(): number {
    return [...this.#taken.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** First fit, growing the memory when nothing fits. The region is zeroed. @throws MemoryFull */
  allocate(bytes: number): number {
    const wanted = align(Math.max(1, bytes));
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
    this.#zero(offset, offset + wanted);
    return offset;
  }

  free(offset: number): void {
    const bytes = this.#taken.get(offset);
    if (bytes === undefined) throw new RangeError(`nothing was allocated at ${offset}`);
    this.#taken.delete(offset);
    this.#gaps.push({ offset, bytes });
    this.#gaps.sort((a, b) => a.offset - b.offset);
    this.#gaps = this.#gaps.reduce<Gap[]>((merged, gap) => {
      const last = merged.at(-1);
      if (last && last.offset + last.bytes === gap.offset) last.bytes += gap.bytes;
      else merged.push(gap);
      return merged;
    }, []);
  }

  /**
   * Clears what may have been written since the memory grew. Fresh pages are left alone: a page that nothing writes
   * costs no resident memory, and most of an arena is never used.
   */
  #zero(from: number, to: number): void {
    const written = Math.min(to, this.#firstUntouched);
    if (from < written) new Uint8Array(this.memory.buffer, from, written - from).fill(0);
    this.#firstUntouched = Math.max(to, this.#firstUntouched);
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

const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
