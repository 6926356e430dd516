/**
 * What is wrong with a graph, found out while it is drawn. The faults, their order and their sentences are those of
 * `fenlei.pipelines.check`; what depends on data (a data set that is gone) the server alone can tell.
 */

import { kindProblem, portProblems, toJoin } from "./edge-problem.ts";
import type { Graph } from "./graph.ts";
import { parameterProblems, unknownType, versionProblem } from "./node-problem.ts";
import { placedNodes, type NodeTypes, type Placed } from "./node-type.ts";
import { problem, type Problem } from "./problem.ts";
import { knots, reached, successors, type Knot } from "./shape.ts";
import type { Words } from "./words.ts";

interface Known {
  readonly graph: Graph;
  /** By id, the nodes whose types are here. */
  readonly placed: ReadonlyMap<string, Placed>;
  readonly knots: readonly Knot[];
}

/**
 * Everything that is wrong with a graph, node by node in their order; empty where it can run.
 *
 * @param graph - as it is drawn.
 * @param types - that are here.
 */
export function check(graph: Graph, types: NodeTypes): Problem[] {
  const known = { graph, placed: placedNodes(graph, types), knots: knots(graph) };
  const order = new Map(graph.nodes.map((node, place) => [node.id, place]));
  const place = (each: Problem): number => order.get(each.node) ?? -1;
  return RULES.flatMap((rule) => rule(known)).sort((one, other) => place(one) - place(other));
}

/** What a ring is called: the names of its nodes, in the direction of the edges. */
export function circle(ring: readonly string[], called: ReadonlyMap<string, Placed>): Words {
  const names = ring.map((id) => called.get(id)?.name ?? { en: id, zh: id });
  return { en: names.map((name) => name.en).join(" → "), zh: names.map((name) => name.zh).join(" → ") };
}

function empty({ graph }: Known): Problem[] {
  if (graph.nodes.length > 0) return [];
  return [
    problem(
      "empty",
      {},
      { en: "The graph has no nodes.", zh: "图中没有节点。" },
      { en: "Add a data set and something that works on it.", zh: "请添加一个数据集和处理它的节点。" },
    ),
  ];
}

const types = (known: Known): Problem[] =>
  known.graph.nodes.flatMap((node) => {
    const found = known.placed.get(node.id);
    return (found ? versionProblem(found) : unknownType(node)) ?? [];
  });

const parameters = (known: Known): Problem[] => [...known.placed.values()].flatMap(parameterProblems);

const ports = (known: Known): Problem[] =>
  known.graph.edges.flatMap((edge) =>
    portProblems(edge, known.placed.get(edge.source[0]), known.placed.get(edge.target[0])),
  );

const kinds = (known: Known): Problem[] =>
  known.graph.edges.flatMap(
    (edge) => kindProblem(edge, known.placed.get(edge.source[0]), known.placed.get(edge.target[0])) ?? [],
  );

function taken(known: Known): Problem[] {
  const seen = new Set<string>();
  return known.graph.edges.flatMap(({ target: [node, port] }) => {
    const place = JSON.stringify([node, port]);
    const found = known.placed.get(node);
    if (!seen.has(place) || !found) {
      seen.add(place);
      return [];
    }
    return problem(
      "taken port",
      { node, port },
      {
        en: `Two edges end at the input \`${port}\` of ${found.name.en}.`,
        zh: `有两条连线接到“${found.name.zh}”的输入“${port}”。`,
      },
      { en: "Take one of them away.", zh: "请删除其中一条。" },
    );
  });
}

function missing(known: Known): Problem[] {
  const joined = new Set(known.graph.edges.map((edge) => JSON.stringify(edge.target)));
  return [...known.placed.values()].flatMap(({ node, type, name }) =>
    type.inputs
      .filter((port) => port.required && !joined.has(JSON.stringify([node.id, port.name])))
      .map((port) =>
        problem(
          "missing input",
          { node: node.id, port: port.name },
          {
            en: `The input \`${port.name}\` of ${name.en} is joined to nothing.`,
            zh: `“${name.zh}”的输入“${port.name}”没有连线。`,
          },
          toJoin(port),
        ),
      ),
  );
}

const cycles = (known: Known): Problem[] =>
  known.knots.map(({ ring }) => {
    const names = circle(ring, known.placed);
    return problem(
      "cycle",
      { node: ring[0] ?? "" },
      { en: `The graph goes in a circle: ${names.en}.`, zh: `图中存在环：${names.zh}。` },
      { en: "Take one of the edges between them away.", zh: "请删除它们之间的一条连线。" },
    );
  });

/**
 * Nodes that have all they ask for, and depend on one that cannot give anything: it lacks an input, is in a circle, is
 * of an unknown type, or depends on such a one itself.
 */
function unreachable(known: Known): Problem[] {
  const own = new Set([...missing(known).map((each) => each.node), ...known.knots.flatMap((knot) => knot.nodes)]);
  for (const { id } of known.graph.nodes) if (!known.placed.has(id)) own.add(id);
  const behind = reached(own, successors(known.graph));
  return [...known.placed.values()]
    .filter(({ node }) => behind.has(node.id) && !own.has(node.id))
    .map(({ node, name }) =>
      problem(
        "unreachable",
        { node: node.id },
        {
          en: `Nothing reaches ${name.en}: what it depends on gets no data.`,
          zh: `“${name.zh}”得不到数据：它所依赖的节点没有输入。`,
        },
        { en: "Mend what comes before it, or take it away.", zh: "请先修正它之前的节点，或删除它。" },
      ),
    );
}

const RULES: readonly ((known: Known) => Problem[])[] = [
  empty,
  types,
  parameters,
  ports,
  kinds,
  taken,
  missing,
  cycles,
  unreachable,
];
