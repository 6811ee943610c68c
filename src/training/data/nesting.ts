/** No record has more than a few levels. */
export const maxLevels = 64;

const quote = 0x22;
const backslash = 0x5c;
const [listStart, listEnd, objectStart, objectEnd] = [0x5b, 0x5d, 0x7b, 0x7d] as const;

/**
 * Whether a JSON text nests lists and objects deeper than any record, which JSON.parse takes memory for level by level: 0.1 s for
 * a million of them.
 */
export function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inText) {
      if (unit === backslash) i++;
      else if (unit === quote) inText = false;
    } else if (unit === quote) inText = true;
    else if (unit === listStart || unit === objectStart) {
      if (++depth > maxLevels) return true;
    } else if (unit === listEnd || unit === objectEnd) depth--;
  }
  return false;
}
