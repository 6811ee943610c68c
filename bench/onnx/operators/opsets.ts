import type { GraphCase, GraphDraft } from './draw-graph.ts';
import type { Form } from './form.ts';
import { formsAlongAxes } from './forms-along-axes.ts';
import { formsOfElements } from './forms-of-elements.ts';

// Operators whose form or meaning changed between opsets, in the form of each.

const opsets = { first: 7, last: 26 } as const;

const forms: Readonly<Record<string, Form>> = { ...formsAlongAxes, ...formsOfElements };

export function olderForms(g: GraphDraft): GraphCase {
  const opset = g.whole(opsets.first, opsets.last);
  const [name, { draw }] = g.one(
    Object.entries(forms).filter(([, { since, until = opsets.last }]) => opset >= since && opset <= until),
  );
  const drawn = draw(g, opset);
  return g.finish(
    `${name} of opset ${opset}`,
    typeof drawn === 'string' ? { [drawn]: 'float32' } : drawn,
    opset,
  );
}
