/** Whether an edge may be drawn, and why not: what a canvas asks while somebody drags one. */

import { circle } from "./check.ts";
import { kindProblem, portProblems } from "./edge-problem.ts";
import type { Edge, End, Graph, GraphNode } from "./graph.ts";
import { unknownType } from "./node-problem.ts";
import { placedNodes, type NodeTypes, type Placed } from "./node-type.ts";
import { problem, type Problem } from "./problem.ts";
import { successors, way } from "./shape.ts";
import { quoted, type Words } from "./words.ts";

/** Allowed; or not, and the first thing that would be wrong. */
export type Answer = { readonly allowed: true } | { readonly allowed: false; readonly problem: Problem };

/**
 * Whether a graph may get an edge. What else is wrong with the graph does not matter.
 *
 * @param graph - without the edge.
 * @param types - that are here.
 * @param source - an output.
 * @param target - an input.
 * @throws RangeError where either node is not in the graph.
 */
export function canConnect(graph: Graph, types: NodeTypes, source: End, target: End): Answer {
  const found = refusal(graph, types, { source, target });
  return found ? { allowed: false, problem: found } : { allowed: true };
}

function refusal(graph: Graph, types: NodeTypes, edge: Edge): Problem | undefined {
  const here = placedNodes(graph, types);
  const [source, target] = [here.get(edge.source[0]), here.get(edge.target[0])];
  // A graph that has an edge at a node of an unknown type keeps it; but nobody can tell what a new one should join.
  if (!source) return unknownType(nodeOf(graph, edge.source));
  if (!target) return unknownType(nodeOf(graph, edge.target));
  return (
    portProblems(edge, source, target)[0] ??
    kindProblem(edge, source, target) ??
    takenProblem(graph, edge.target, target.name) ??
    circleProblem(graph, here, edge)
  );
}

function takenProblem(graph: Graph, [node, port]: End, name: Words): Problem | undefined {
  if (!graph.edges.some(({ target }) => target[0] === node && target[1] === port)) return undefined;
  return problem(
    "taken port",
    { node, port },
    {
      en: `An edge already ends at the input \`${port}\` of ${name.en}.`,
      zh: `“${name.zh}”的输入“${port}”已有一条连线。`,
    },
    { en: "Take that edge away first.", zh: "请先删除那条连线。" },
  );
}

function circleProblem(
  graph: Graph,
  here: ReadonlyMap<string, Placed>,
  { source: [source], target: [target] }: Edge,
): Problem | undefined {
  const back = source === target ? [source] : way(target, source, successors(graph));
  if (!back) return undefined;
  const names = circle([source, ...back.slice(0, -1)], here);
  return problem(
    "cycle",
    { node: source },
    { en: `The graph would go in a circle: ${names.en}.`, zh: `图中将出现环：${names.zh}。` },
    { en: "Join it to a node that does not come before this one.", zh: "请连接到不在它之前的节点。" },
  );
}

function nodeOf(graph: Graph, [id]: End): GraphNode {
  const found = graph.nodes.find((node) => node.id === id);
  if (!found) throw new RangeError(`There is no node ${quoted(id)} in the graph.`);
  return found;
}
