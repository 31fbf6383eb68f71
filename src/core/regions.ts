// Pipelined regions: the subtasks that exchange records with each other, directly or through others. A failure restarts its region and
// nothing else. FORWARD edges join subtasks of one index; every other edge joins all of both vertices.
import type { JobGraph } from './schema.gen.ts';

/** For each vertex and subtask the number of its region, from 0 in order of appearance. */
export function regionsOf(graph: JobGraph): number[][] {
  const first: number[] = [];
  let total = 0;
  for (const vertex of graph.vertices) {
    first.push(total);
    total += vertex.parallelism;
  }
  const parent = Array.from({ length: total }, (_, index) => index);
  const find = (node: number): number => {
    let root = node;
    while (parent[root] !== root) root = parent[root] ?? root;
    for (let step = node; step !== root; ) {
      const next = parent[step] ?? root;
      parent[step] = root;
      step = next;
    }
    return root;
  };
  const join = (a: number, b: number) => {
    parent[find(b)] = find(a);
  };
  for (const [index, vertex] of graph.vertices.entries()) {
    const here = first[index] ?? 0;
    for (const { source, strategy } of vertex.inputs) {
      const there = first[source] ?? 0;
      if (strategy === 'FORWARD') {
        for (let subtask = 0; subtask < vertex.parallelism; subtask++) join(there + subtask, here + subtask);
        continue;
      }
      const width = graph.vertices[source]?.parallelism ?? 0;
      for (let subtask = 0; subtask < width; subtask++) join(there, there + subtask);
      for (let subtask = 0; subtask < vertex.parallelism; subtask++) join(there, here + subtask);
    }
  }
  const numbers = new Map<number, number>();
  return graph.vertices.map((vertex, index) =>
    Array.from({ length: vertex.parallelism }, (_, subtask) => {
      const root = find((first[index] ?? 0) + subtask);
      let number = numbers.get(root);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(root, number);
      }
      return number;
    }),
  );
}
