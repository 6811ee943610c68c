/**
 * The first key that a JSON object holds twice at its top level; JSON.parse silently keeps the last.
 * @param json text that JSON.parse takes as an object
 */
export function findDuplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs;
  let depth = 0;
  let lastString = '';
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (token !== ':') lastString = depth === 1 ? token : '';
    else if (depth === 1) {
      const key = JSON.parse(lastString) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}
