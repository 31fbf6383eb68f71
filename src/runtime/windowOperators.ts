// The operator behind windows: the quick one where windows lie on a grid and need nothing special, else the one for all.
import type { FactoriesOf } from './operatorSpec.ts';
import { gridWindowOperator, hasGrid } from './windows/gridWindowOperator.ts';
import { windowOperator } from './windows/windowOperator.ts';
import type { WindowSpec } from './windows/windowSpec.ts';

export const windowOperators: FactoriesOf<WindowSpec> = {
  window: (node, spec, output, runtime) =>
    (hasGrid(spec) ? gridWindowOperator : windowOperator)(node, spec, output, runtime),
};
