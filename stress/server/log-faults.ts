const errorLevel = 50;

/** Finds log messages at level error and above, and other output lines that mention a warning or an error. */
export function findLogFaults(output: string, expected: RegExp = /^$/): string[] {
  const faults: string[] = [];
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) {
      if (/warning|unhandled|uncaught|\berror\b/i.test(line) && !/^\s+(?:at|curl|\S+@\d)/.test(line))
        faults.push(line);
      continue;
    }
    const { level, msg } = parse(line);
    if (level >= errorLevel && !expected.test(msg)) faults.push(line.slice(0, 600));
  }
  return faults;
}

function parse(line: string): { level: number; msg: string } {
  try {
    return { level: 0, msg: '', ...(JSON.parse(line) as object) };
  } catch {
    // the first line of the kept output may be incomplete
    return { level: 0, msg: '' };
  }
}
