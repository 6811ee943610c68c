/**
 * Finds the first key that appears twice at the top level of a JSON object: JSON.parse silently uses the last
 * value.
 * @param json text that JSON.parse accepts as an object
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
