/** How the nodes of a graph hang together: what comes before what, and what goes in a circle. */

import type { Graph } from "./graph.ts";

/** By node, the nodes next to it, in one direction. */
export type Hanging = ReadonlyMap<string, ReadonlySet<string>>;

/** By node, the nodes that take its outputs. */
export function successors(graph: Graph): Hanging {
  const found = new Map(graph.nodes.map((node) => [node.id, new Set<string>()]));
  for (const { source, target } of graph.edges) found.get(source[0])?.add(target[0]);
  return found;
}

/** The other direction. */
export function turned(hanging: Hanging): Hanging {
  const found = new Map(Array.from(hanging.keys(), (each) => [each, new Set<string>()]));
  for (const [each, others] of hanging) for (const other of others) found.get(other)?.add(each);
  return found;
}

/** Every node that one comes to from these, in one step or more; a start only where one comes back to it. */
export function reached(starts: Iterable<string>, hanging: Hanging): Set<string> {
  const found = new Set<string>();
  const ahead = [...starts];
  for (let here = ahead.pop(); here !== undefined; here = ahead.pop()) {
    for (const each of hanging.get(here) ?? []) {
      if (found.has(each)) continue;
      found.add(each);
      ahead.push(each);
    }
  }
  return found;
}

/**
 * A shortest way of one step or more, with both its ends; of several, the one whose ids come first.
 *
 * @returns undefined where there is none.
 */
export function way(start: string, goal: string, hanging: Hanging): string[] | undefined {
  const came = new Map<string, string>();
  const ahead = [start];
  for (const here of ahead) {
    if (came.has(goal)) break;
    for (const each of [...(hanging.get(here) ?? [])].sort()) {
      if (came.has(each)) continue;
      came.set(each, here);
      ahead.push(each);
    }
  }
  const back = [goal];
  do {
    const before = came.get(back[back.length - 1] ?? "");
    if (before === undefined) return undefined;
    back.push(before);
  } while (back[back.length - 1] !== start);
  return back.reverse();
}

/** Nodes of which each depends on each. */
export interface Knot {
  /** All of them, in the order of the graph. */
  readonly nodes: readonly string[];
  /** A shortest way from the first of them back to it, along the edges; the first stands at its beginning only. */
  readonly ring: readonly string[];
}

/** What goes in a circle, in the order of the first nodes; empty where the graph can be carried out. */
export function knots(graph: Graph): Knot[] {
  const after = successors(graph);
  const before = turned(after);
  const left = rest(before, after);
  const found: Knot[] = [];
  const tied = new Set<string>();
  for (const { id } of graph.nodes) {
    if (tied.has(id) || !left.has(id)) continue;
    const behind = reached([id], after);
    const inside = new Set([...reached([id], before)].filter((each) => behind.has(each)));
    if (inside.size === 0) continue;
    for (const each of inside) tied.add(each);
    const nodes = graph.nodes.map((node) => node.id).filter((each) => inside.has(each));
    found.push({ nodes, ring: way(id, id, after)?.slice(0, -1) ?? [id] });
  }
  return found;
}

/** What is left when nodes that wait for none are taken away until there are no such; nearly always nothing. */
function rest(before: Hanging, after: Hanging): Set<string> {
  const waits = new Map(Array.from(before, ([each, others]) => [each, others.size]));
  const ahead = [...waits].filter(([, count]) => count === 0).map(([each]) => each);
  for (const gone of ahead) {
    waits.delete(gone);
    for (const each of after.get(gone) ?? []) {
      const count = (waits.get(each) ?? 0) - 1;
      waits.set(each, count);
      if (count === 0) ahead.push(each);
    }
  }
  return new Set(waits.keys());
}
