const maxListed = 8;
const maxName = 64;

/** Lists tensors by name and shape for an error; null, or −1, is a size that is not fixed. */
export const listTensors = (
  tensors: readonly { readonly name: string; readonly shape: readonly (number | string | null)[] | null }[],
): string =>
  tensors
    .slice(0, maxListed)
    .map(({ name, shape }) =>
      [name.slice(0, maxName), ...(shape ? [`[${shape.map((size) => size ?? -1).join(', ')}]`] : [])].join(
        ' ',
      ),
    )
    .join(', ') + (tensors.length > maxListed ? ' …' : '');
