/** FNV-1a over UTF-16 units, 32 bits: which part of the data something belongs to, whatever else is there. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
