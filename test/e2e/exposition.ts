// What `promtool check metrics` looks at, in short: the text format's grammar, and the habits of naming. For machines
// that have no promtool.

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const comment = new RegExp(`^# (HELP|TYPE) (${name}) (.+)$`);
// Prometheus reads numbers as Go does, "Nan" as prom-client writes it too
const sample = new RegExp(
  String.raw`^(${name})(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (N[aA][nN]|[+-]Inf|[+-]?[\d.]+(?:e[+-]?\d+)?)$`,
);
const types = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
const units =
  /_(?:ms|milliseconds|microseconds|nanoseconds|minutes|hours|kilobytes|megabytes|bits|percent)(?:_|$)/;

interface Family {
  help: boolean;
  type: string | null;
  series: Map<string, number>;
}

/** @returns one line for each thing that is wrong; none when all is well */
export function findProblems(text: string): string[] {
  const problems: string[] = [];
  const families = new Map<string, Family>();
  const getFamily = (one: string): Family => {
    const family = families.get(one) ?? { help: false, type: null, series: new Map() };
    families.set(one, family);
    return family;
  };
  if (!text.endsWith('\n')) problems.push('the last line is not ended');
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const match = comment.exec(line);
    const measured = sample.exec(line);
    if (match) {
      const family = getFamily(match[2]!);
      if (family.series.size > 0) problems.push(`${match[2]}: ${match[1]} after its samples`);
      if (match[1] === 'HELP' ? family.help : family.type !== null)
        problems.push(`${match[2]}: ${match[1]} twice`);
      if (match[1] === 'HELP') family.help = true;
      else family.type = match[3]!;
    } else if (measured) {
      const [, full, labels = '', value] = measured as unknown as [
        string,
        string,
        string | undefined,
        string,
      ];
      const base = full.replace(/_(?:bucket|sum|count)$/, '');
      const family = families.get(full) ?? getFamily(base);
      const series = full + labels;
      if (family.series.has(series)) problems.push(`${series} twice`);
      family.series.set(series, Number(value.replace('Inf', 'Infinity')));
    } else problems.push(`not in the format: ${line}`);
  }
  for (const [one, family] of families) problems.push(...problemsOfFamily(one, family));
  return problems;
}

function problemsOfFamily(one: string, { help, type, series }: Family): string[] {
  const problems: string[] = [];
  if (!help) problems.push(`${one}: no help`);
  if (type === null || !types.has(type)) problems.push(`${one}: no type that there is`);
  if ((type === 'counter') !== one.endsWith('_total'))
    problems.push(`${one}: counters, and they alone, end in _total`);
  if (units.test(one)) problems.push(`${one}: not in a base unit`);
  if (/[A-Z]/.test(one)) problems.push(`${one}: not in snake_case`);
  if (type === 'histogram') problems.push(...problemsOfHistogram(one, series));
  return problems;
}

/** Buckets rise to +Inf, which holds as many as the count says. */
function problemsOfHistogram(one: string, series: ReadonlyMap<string, number>): string[] {
  const problems: string[] = [];
  const buckets = Map.groupBy(
    [...series].filter(([key]) => key.startsWith(`${one}_bucket`)),
    ([key]) =>
      key
        .replace(`${one}_bucket`, '')
        .replace(/,?le="[^"]*",?/, '')
        .replace('{}', ''),
  );
  for (const [labels, counted] of buckets) {
    const counts = counted.map(([, count]) => count);
    if (counts.some((count, i) => i > 0 && count < counts[i - 1]!))
      problems.push(`${one}${labels}: buckets fall`);
    if (!counted.at(-1)![0].includes('le="+Inf"')) problems.push(`${one}${labels}: no bucket +Inf`);
    if (series.get(`${one}_count${labels}`) !== counts.at(-1))
      problems.push(`${one}${labels}: _count is not +Inf’s`);
    if (!series.has(`${one}_sum${labels}`)) problems.push(`${one}${labels}: no _sum`);
  }
  return problems;
}
