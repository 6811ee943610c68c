// Parses the subset of Dockerfile syntax that this project uses. Anything else is an error, so that nothing
// is silently skipped.

export interface Instruction {
  readonly keyword: string;
  /** --from, --chown, --interval and so on, without the dashes. */
  readonly flags: Readonly<Record<string, string>>;
  /** The text after the flags. */
  readonly rest: string;
  /** `rest` as a JSON list (exec form), or null where it is not one. */
  readonly list: readonly string[] | null;
  readonly line: number;
}

export interface Stage {
  readonly base: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

const flagsAllowed: Readonly<Record<string, readonly string[]>> = {
  FROM: [],
  WORKDIR: [],
  COPY: ['from', 'chown'],
  RUN: [],
  ENV: [],
  USER: [],
  VOLUME: [],
  EXPOSE: [],
  ENTRYPOINT: [],
  CMD: [],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
};

/** @throws Error naming the line, for an instruction, a flag or a substitution that is not supported */
export function parseDockerfile(text: string): Stage[] {
  const stages: { base: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const { line, content } of logicalLines(text)) {
    const instruction = parseInstruction(content, line);
    if (instruction.keyword === 'FROM') {
      const from = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.rest);
      if (!from) throw new Error(`line ${line}: FROM must be "image" or "image AS name", was "${content}"`);
      stages.push({ base: from[1]!, name: from[2] ?? null, instructions: [] });
    } else if (stages.length === 0)
      throw new Error(`line ${line}: the first instruction must be FROM, was "${content}"`);
    else stages.at(-1)!.instructions.push(instruction);
  }
  if (stages.length === 0) throw new Error('the Dockerfile has no FROM');
  return stages;
}

/** Lines joined at a trailing backslash, without comments and empty lines. */
function logicalLines(text: string): { line: number; content: string }[] {
  const lines: { line: number; content: string }[] = [];
  let open = false;
  text.split('\n').forEach((raw, index) => {
    if (/^\s*#/.test(raw) || (raw.trim() === '' && !open)) return;
    const content = raw.replace(/\\\s*$/, '').trim();
    if (open) lines.at(-1)!.content += ` ${content}`;
    else lines.push({ line: index + 1, content });
    open = /\\\s*$/.test(raw);
  });
  return lines;
}

function parseInstruction(content: string, line: number): Instruction {
  const [, word, after] = /^(\S+)\s*(.*)$/.exec(content)!;
  const keyword = word!.toUpperCase();
  const allowed = flagsAllowed[keyword];
  if (!allowed) throw new Error(`line ${line}: the instruction ${keyword} is not supported`);
  const flags: Record<string, string> = {};
  let rest = after!;
  for (let flag; (flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest)); rest = rest.slice(flag[0].length)) {
    if (!allowed.includes(flag[1]!))
      throw new Error(`line ${line}: ${keyword} --${flag[1]} is not supported`);
    flags[flag[1]!] = flag[2]!;
  }
  if (rest.startsWith('--')) throw new Error(`line ${line}: "${rest}" is not supported`);
  const runsCode = ['RUN', 'CMD', 'ENTRYPOINT', 'HEALTHCHECK'].includes(keyword);
  if (!runsCode && rest.includes('$'))
    throw new Error(`line ${line}: variables are not supported in ${keyword}: "${rest}"`);
  if (rest.includes('<<')) throw new Error(`line ${line}: here-documents are not supported`);
  return { keyword, flags, rest, list: parseList(rest), line };
}

function parseList(rest: string): string[] | null {
  if (!rest.startsWith('[')) return null;
  try {
    const list: unknown = JSON.parse(rest);
    return Array.isArray(list) && list.every((one) => typeof one === 'string') ? list : null;
  } catch {
    return null;
  }
}
