import type { PreparedGraph } from '../../../operators/prepare-graph.ts';

/**
 * Runs graphs that were prepared alike, operator by operator: what the kernel does of an operator it does for all of them
 * at once, so that a matrix is read once for all. An error ends one graph alone.
 * @param fail called with the index of a graph that has ended in an error, and the error
 */
export function runTogether(
  graphs: readonly PreparedGraph[],
  fail: (index: number, error: unknown) => void,
): void {
  let running = graphs.map((_, index) => index);
  const each = (work: (graph: PreparedGraph) => void): void => {
    const failed = running.filter((index) => {
      try {
        work(graphs[index]!);
        return false;
      } catch (error) {
        fail(index, error);
        return true;
      }
    });
    if (failed.length > 0) running = running.filter((index) => !failed.includes(index));
  };
  each(({ begin }) => begin());
  graphs[0]?.operations.forEach(({ joint }, at) => {
    if (!joint) {
      each(({ operations }) => operations[at]!.run?.());
      return;
    }
    if (joint.before) each(({ operations }) => operations[at]!.joint!.before!());
    if (running.length > 0) joint.runAll(running.map((index) => graphs[index]!.operations[at]!.joint!));
    if (joint.after) each(({ operations }) => operations[at]!.joint!.after!());
  });
}
