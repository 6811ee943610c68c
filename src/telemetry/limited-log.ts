/**
 * Returns a function that writes at most one message in `everyMs`, with the number of messages omitted before
 * it.
 */
export function createLimitedLog(
  write: (fields: object, message: string) => void,
  everyMs: number,
): (fields: object, message: string) => void {
  let last = -Infinity;
  let omitted = 0;
  return (fields, message) => {
    const now = performance.now();
    if (now - last < everyMs) return void omitted++;
    write(omitted > 0 ? { ...fields, omitted } : fields, message);
    last = now;
    omitted = 0;
  };
}
