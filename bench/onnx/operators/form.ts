import type { GraphDraft } from './draw-graph.ts';

// What the forms of operators share.

export interface Form {
  readonly since: number;
  readonly until?: number;
  /** Adds the operator. @returns its outputs by name, where they are not one float */
  readonly draw: (
    g: GraphDraft,
    opset: number,
  ) => string | Readonly<Record<string, 'float32' | 'int64' | 'bool' | 'int32'>>;
}

export const cube = (g: GraphDraft): [x: string, shape: number[]] => {
  const shape = [g.whole(1, 3), g.whole(1, 4), g.whole(2, 6)];
  return [g.floatInput(...shape), shape];
};
export const x = (g: GraphDraft): string => cube(g)[0];
export const anyAxis = (g: GraphDraft, opset: number): number => g.whole(opset < 11 ? 0 : -3, 2);
export const float = (g: GraphDraft, value: number): string => g.constant(Float32Array.of(value), []);
