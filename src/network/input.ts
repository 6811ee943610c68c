/** The type of a step of the network's input: ids, or a row of features. */
export type NetworkInput =
  | {
      readonly kind: 'ids';
      /** Vocabulary of a step's first id. */
      readonly vocabulary: number;
      /** If a step has several ids: the vocabulary of each, the first included. */
      readonly columns?: readonly number[];
    }
  | { readonly kind: 'features'; readonly width: number };

/** The vocabulary of every id of a step. */
export const idColumns = ({
  vocabulary,
  columns,
}: Extract<NetworkInput, { kind: 'ids' }>): readonly number[] => columns ?? [vocabulary];
