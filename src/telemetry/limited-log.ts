/** Logs the first of many like messages, then at most one in `everyMs`, with the number of those left out. */
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
