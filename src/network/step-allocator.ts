/** Allocates runs of stored steps, first fit. */
export function createStepAllocator(length: number) {
  let gaps = [{ first: 0, length }];
  const findGap = (steps: number) => gaps.find((gap) => gap.length >= steps);
  return {
    fits: (steps: number): boolean => findGap(steps) !== undefined,
    allocate(steps: number): number | null {
      const gap = findGap(steps);
      if (!gap) return null;
      const { first } = gap;
      gap.first += steps;
      gap.length -= steps;
      gaps = gaps.filter((one) => one.length > 0);
      return first;
    },
    free(first: number, steps: number): void {
      gaps = [...gaps, { first, length: steps }]
        .sort((a, b) => a.first - b.first)
        .reduce<typeof gaps>((merged, gap) => {
          const last = merged.at(-1);
          if (last && last.first + last.length === gap.first) last.length += gap.length;
          else merged.push({ ...gap });
          return merged;
        }, []);
    },
  };
}
