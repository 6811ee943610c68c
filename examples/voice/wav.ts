/**
 * The samples of a WAV file of 16-bit numbers, one channel.
 * @returns [samples] within ±1
 * @throws Error for any other file
 */
export function readWav(bytes: Uint8Array, rate: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || text(0) !== 'RIFF' || text(8) !== 'WAVE') throw new Error('it is no WAV file');
  let format = '';
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = Math.min(view.getUint32(at + 4, true), bytes.length - at - 8);
    const start = at + 8;
    if (text(at) === 'fmt ' && size >= 16)
      format = [
        view.getUint16(start, true),
        view.getUint16(start + 2, true),
        view.getUint32(start + 4, true),
        view.getUint16(start + 14, true),
      ].join();
    if (text(at) === 'data') {
      if (format !== [1, 1, rate, 16].join())
        throw new Error(
          `it must have one channel of 16-bit numbers at ${rate} Hz (sox IN -r ${rate} -c 1 -b 16 OUT)`,
        );
      return Float32Array.from({ length: size >> 1 }, (_, i) => view.getInt16(start + 2 * i, true) / 32_768);
    }
    at = start + size + (size & 1);
  }
  throw new Error('it has no samples');
}
