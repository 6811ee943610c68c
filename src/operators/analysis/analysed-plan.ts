import type { Operand } from '../operand.ts';
import type { SignedGraph } from '../signature.ts';
import { drawInput } from './draw-inputs.ts';
import { evaluateGraph, type Evaluation } from './evaluate-graph.ts';
import { findVocabulary } from './find-vocabulary.ts';
import type { AxisPlan } from './plan-axes.ts';
import type { InputAxis, ViewInput, ViewSettings } from './sequence-view.ts';

/** What is known of a graph under one assignment of roles to its axes, with its values for inputs drawn at random. */
export interface AnalysedPlan {
  readonly graph: SignedGraph;
  readonly settings: ViewSettings;
  readonly set: ReadonlyMap<string, Operand>;
  readonly plan: AxisPlan;
  /** Sequences and steps of the values. */
  readonly size: readonly [batch: number, steps: number];
  readonly drawn: ReadonlyMap<string, Operand>;
  readonly values: Evaluation;
  /** Evaluates with some inputs changed. */
  readonly withInputs: (changed: ReadonlyMap<string, Operand>) => Evaluation;
}

/** Evaluates a graph under an assignment of roles. */
export function analysePlan(
  graph: SignedGraph,
  settings: ViewSettings,
  set: ReadonlyMap<string, Operand>,
  plan: AxisPlan,
): AnalysedPlan {
  const has = (role: InputAxis): boolean => plan.inputs.some(({ axes }) => axes.includes(role));
  const size = [has('batch') ? 2 : 1, has('time') ? plan.lengths[0] : 1] as const;
  const draw = (vocabularyOf: (input: ViewInput) => number | undefined): Map<string, Operand> =>
    new Map([
      ...set,
      ...plan.inputs.map(
        (input, seed) => [input.value, drawInput(input, size, seed + 1, vocabularyOf(input))] as const,
      ),
    ]);
  const shapes = evaluateGraph(
    graph,
    draw(() => undefined),
    'shapes',
  );
  const drawn = draw(({ value }) => findVocabulary(graph, value, shapes));
  const withInputs = (changed: ReadonlyMap<string, Operand>): Evaluation =>
    evaluateGraph(graph, new Map([...drawn, ...changed]), 'values');
  return { graph, settings, set, plan, size, drawn, values: withInputs(new Map()), withInputs };
}
