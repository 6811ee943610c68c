/**
 * Linear warm-up over the first `warmUp` share, then half a cosine down to `floor`.
 * @param progress share of the training that is done, 0 … 1
 */
export function warmUpCosine(
  progress: number,
  { peak, floor = 0, warmUp = 0.02 }: { peak: number; floor?: number; warmUp?: number },
): number {
  if (progress < warmUp) return (peak * progress) / warmUp;
  const down = Math.min(1, (progress - warmUp) / (1 - warmUp));
  return floor + ((peak - floor) * (1 + Math.cos(Math.PI * down))) / 2;
}
