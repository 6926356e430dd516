/** What can be wrong with one edge; of a graph that has it, and of one that shall get it. */

import type { Edge } from "./graph.ts";
import { LOOKS } from "./kinds.ts";
import type { Output, Placed } from "./node-type.ts";
import { problem, type Problem } from "./problem.ts";
import { quoted, type Words } from "./words.ts";

/** Ports that there are not: at most one at each end. A node whose type is not here is not asked. */
export function portProblems(edge: Edge, source: Placed | undefined, target: Placed | undefined): Problem[] {
  const found: Problem[] = [];
  if (source && !port(source.type.outputs, edge.source[1])) {
    found.push(noSuchPort(source, edge.source[1], source.type.outputs, { en: "output", zh: "输出" }));
  }
  if (target && !port(target.type.inputs, edge.target[1])) {
    found.push(noSuchPort(target, edge.target[1], target.type.inputs, { en: "input", zh: "输入" }));
  }
  return found;
}

/** Two ports of different kinds; undefined where they are of one, or either is not there. */
export function kindProblem(edge: Edge, source: Placed | undefined, target: Placed | undefined): Problem | undefined {
  const out = source && port(source.type.outputs, edge.source[1]);
  const into = target && port(target.type.inputs, edge.target[1]);
  if (!out || !into || out.kind === into.kind) return undefined;
  const [gives, wants] = [LOOKS[out.kind].name.zh, LOOKS[into.kind].name.zh];
  const takes = `The input \`${into.name}\` of ${target.name.en} takes \`${into.kind}\``;
  return problem(
    "type mismatch",
    { node: target.node.id, port: into.name },
    {
      en: `${takes}, and ${source.name.en} gives \`${out.kind}\`.`,
      zh: `“${target.name.zh}”的输入“${into.name}”需要${wants}，而“${source.name.zh}”给出的是${gives}。`,
    },
    toJoin(into),
  );
}

/** What mends an input that has no edge, or one of the wrong kind. */
export const toJoin = (into: Output): Words => ({
  en: `Join it to an output of the kind \`${into.kind}\`.`,
  zh: `请把它接到类型为${LOOKS[into.kind].name.zh}的输出上。`,
});

const port = (ports: readonly Output[], name: string): Output | undefined => ports.find((each) => each.name === name);

function noSuchPort(found: Placed, name: string, ports: readonly Output[], side: Words): Problem {
  const there = ports.map((each) => `\`${each.name}\``).join(", ") || "none";
  return problem(
    "no such port",
    { node: found.node.id, port: name },
    {
      en: `${found.name.en} has no ${side.en} ${quoted(name)}.`,
      zh: `“${found.name.zh}”没有${side.zh}端口“${name}”。`,
    },
    { en: `Its ${side.en}s are: ${there}.`, zh: `它的${side.zh}端口有：${there}。` },
  );
}
