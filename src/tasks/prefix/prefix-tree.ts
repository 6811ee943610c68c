import { RecencyList, type Linked } from '../../recency-list.ts';

// Sequences of ids as a tree, in which those that begin alike share a path, with the states that are kept on it.

interface Node extends Linked<Node> {
  /** The ids from its parent to it. */
  ids: Int32Array;
  parent: Node | null;
  readonly children: Map<number, Node>;
  /** After the ids of the path to it; null where none is kept. */
  state: Float32Array | null;
}

export interface PrefixMatch {
  /** Ids that the sequence has in common with another. */
  readonly shared: number;
  /** Ids that have been fed in `state`: the most of those shared. */
  readonly depth: number;
  /** Null at depth 0. */
  readonly state: Float32Array | null;
}

export interface PrefixTree {
  readonly bytes: number;
  find(ids: Int32Array): PrefixMatch;
  /** Keeps the state after all of these ids. */
  add(ids: Int32Array, state: Float32Array): void;
  /** Drops the state that was used longest ago. @returns whether there was one */
  dropOldest(): boolean;
  /** When the state that `dropOldest` drops was used, as a number that only grows. */
  readonly oldestUse: number;
}

/** Of a node without its arrays, about. */
const nodeBytes = 256;

/** @param clock shared by all trees: gives the number of a use */
export function createPrefixTree(clock: () => number): PrefixTree {
  const root = createNode(new Int32Array(0), null);
  const kept = new RecencyList<Node>();
  const uses = new WeakMap<Node, number>();
  let bytes = nodeBytes;

  const touch = (node: Node): void => {
    uses.set(node, clock());
    kept.touch(node);
  };
  function attach(ids: Int32Array, parent: Node): Node {
    const node = createNode(ids, parent);
    parent.children.set(ids[0]!, node);
    bytes += nodeBytes;
    return node;
  }
  /** Puts a node after the first ids of another. */
  function split(node: Node, at: number): Node {
    const parent = node.parent!;
    const middle = attach(node.ids.slice(0, at), parent);
    node.ids = node.ids.slice(at);
    node.parent = middle;
    middle.children.set(node.ids[0]!, node);
    return middle;
  }
  /** Removes nodes that lead nowhere any more. */
  function prune(from: Node): void {
    for (let node = from; node.parent && node.children.size === 0 && node.state === null;) {
      const { parent } = node;
      parent.children.delete(node.ids[0]!);
      bytes -= nodeBytes + node.ids.byteLength;
      node = parent;
    }
  }

  /** Follows ids as far as they go. `within` is how many ids of the last node's were followed. */
  function follow(ids: Int32Array): {
    node: Node;
    within: number;
    shared: number;
    deepest: Node;
    depth: number;
  } {
    let [node, shared, deepest, depth] = [root, 0, root, 0];
    for (;;) {
      const child = ids.length > shared ? node.children.get(ids[shared]!) : undefined;
      if (!child) return { node, within: node.ids.length, shared, deepest, depth };
      const within = countCommon(child.ids, ids.subarray(shared));
      shared += within;
      if (within < child.ids.length) return { node: child, within, shared, deepest, depth };
      node = child;
      if (child.state) [deepest, depth] = [child, shared];
    }
  }

  return {
    get bytes() {
      return bytes;
    },
    get oldestUse() {
      return kept.oldest ? uses.get(kept.oldest)! : Infinity;
    },
    find(ids) {
      const { shared, deepest, depth } = follow(ids);
      if (deepest.state) touch(deepest);
      return { shared, depth, state: deepest.state };
    },
    add(ids, state) {
      if (ids.length === 0) return;
      const { node, within, shared } = follow(ids);
      let end = within < node.ids.length ? split(node, within) : node;
      if (shared < ids.length) {
        end = attach(ids.slice(shared), end);
        bytes += end.ids.byteLength;
      }
      if (end.state) return touch(end);
      end.state = state;
      bytes += state.byteLength;
      kept.add(end);
      uses.set(end, clock());
    },
    dropOldest() {
      const node = kept.oldest;
      if (!node) return false;
      kept.remove(node);
      bytes -= node.state!.byteLength;
      node.state = null;
      prune(node);
      return true;
    },
  };
}

const createNode = (ids: Int32Array, parent: Node | null): Node => ({
  ids,
  parent,
  children: new Map(),
  state: null,
  older: null,
  newer: null,
});

function countCommon(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  let count = 0;
  while (count < most && a[count] === b[count]) count++;
  return count;
}
