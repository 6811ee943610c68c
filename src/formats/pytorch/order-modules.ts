import type { Module } from './modules.ts';

/** A module as a layer of a chain: what it reads, a number of columns or ids, and the columns that it gives. */
export interface Link {
  readonly module: Module;
  readonly reads: number | 'ids';
  readonly gives: number;
}

const maxOrders = 20;
/** Steps of the search: a hundred modules of one width have too many orders to try them all. */
const maxSteps = 20_000;

/** The ways to read a module: a matrix without a bias may be a table of ids. */
export function listReadings(module: Module): Link[] {
  switch (module.kind) {
    case 'recurrent':
      return [{ module, reads: module.columns, gives: module.width }];
    case 'matrix': {
      const linear: Link = { module, reads: module.columns, gives: module.rows };
      return module.bias ? [linear] : [{ module, reads: 'ids', gives: module.columns }, linear];
    }
    case 'convolution':
      return [{ module, reads: module.columns, gives: module.units }];
    case 'norm':
      return [{ module, reads: module.width, gives: module.width }];
    case 'unknown':
      return [];
  }
}

/** Finds the chains in which all modules can stand, those nearest to the file's order first. */
export function findOrders(modules: readonly Module[]): Link[][] {
  const orders: Link[][] = [];
  let steps = 0;
  const extend = (chain: readonly Link[], rest: readonly Module[]): void => {
    if (rest.length === 0) orders.push([...chain]);
    for (const module of rest)
      for (const link of listReadings(module)) {
        if (orders.length >= maxOrders || ++steps > maxSteps) return;
        const last = chain.at(-1);
        if (last ? link.reads === last.gives : true)
          extend(
            [...chain, link],
            rest.filter((one) => one !== module),
          );
      }
  };
  extend([], modules);
  return orders;
}
