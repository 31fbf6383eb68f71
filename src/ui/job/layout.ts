// Where the boxes of a job's graph lie and how its edges run, by dagre.
import dagre from '@dagrejs/dagre';
import type { PlanNode } from '../answers.ts';

export const BOX = { width: 230, height: 156 } as const;
/** Between boxes side by side, and between one rank and the next, where edges have their words. */
const NODE_GAP = 28;
const RANK_GAP = { LR: 36, TB: 40 } as const;
const LABEL = { width: 76, height: 18 } as const;

export type Direction = keyof typeof RANK_GAP;

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  /** Upper left corners, by vertex id. */
  readonly boxes: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  readonly edges: readonly EdgeLayout[];
}

interface EdgeLayout {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  /** Of an SVG path. */
  readonly path: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

export function layoutOf(nodes: readonly PlanNode[], direction: Direction): GraphLayout {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: direction, nodesep: NODE_GAP, ranksep: RANK_GAP[direction], marginx: 4, marginy: 4 });
  for (const { id } of nodes) graph.setNode(id, { ...BOX });
  for (const { id, inputs } of nodes) {
    inputs.forEach((input, place) => {
      // A job whose plan is of another version than its vertices is drawn without the edge rather than not at all.
      if (graph.hasNode(input.id))
        graph.setEdge(input.id, id, { ...LABEL, labelpos: 'c', strategy: input.ship_strategy }, String(place));
    });
  }
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    boxes: new Map(
      nodes.map(({ id }) => {
        const { x, y } = graph.node(id) as Point;
        return [id, { x: x - BOX.width / 2, y: y - BOX.height / 2 }];
      }),
    ),
    edges: graph.edges().map((edge: { v: string; w: string; name?: string }) => {
      const { points, x, y, strategy } = graph.edge(edge) as Point & { points: readonly Point[]; strategy: string };
      const { v: from, w: to, name = '' } = edge;
      return { key: `${from} ${to} ${name}`, from, to, path: smooth(points), label: strategy, x, y };
    }),
  };
}

/** Through the middles between the points, so that it bends without corners. */
function smooth(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const parts = [`M${at(first)}`];
  rest.forEach((point, place) => {
    const next = rest[place + 1];
    if (next === undefined) parts.push(`L${at(point)}`);
    else parts.push(`Q${at(point)} ${at({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`);
  });
  return parts.join('');
}

function at({ x, y }: Point): string {
  return `${Math.round(x)},${Math.round(y)}`;
}
