/** What can be wrong with one node, whatever it is joined to: its type, its version, its parameters. */

import type { GraphNode } from "./graph.ts";
import type { Placed } from "./node-type.ts";
import { badParameters } from "./parameters.ts";
import { problem, type Problem } from "./problem.ts";
import { quoted } from "./words.ts";

/** A node of a type that is not here. */
export const unknownType = (node: GraphNode): Problem =>
  problem(
    "unknown type",
    { node: node.id },
    { en: `There is no node type ${quoted(node.type)} here.`, zh: `这里没有节点类型“${node.type}”。` },
    {
      en: "Install the package that brings it, or take the node out of the graph.",
      zh: "请安装提供它的软件包，或从图中移除该节点。",
    },
  );

/** A node of another version than its type has here; undefined where it is of that. */
export function versionProblem({ node, type, name }: Placed): Problem | undefined {
  const written = `${name.en} was written for version ${node.version} of ${quoted(node.type)}`;
  const writtenZh = `“${name.zh}”是为“${node.type}”第 ${node.version} 版编写的`;
  if (node.version > type.version) {
    return problem(
      "newer version",
      { node: node.id },
      { en: `${written}; here it is version ${type.version}.`, zh: `${writtenZh}，这里是第 ${type.version} 版。` },
      {
        en: "Bring Fenlei, or the package that brings the node type, up to date.",
        zh: "请更新 Fenlei 或提供该节点类型的软件包。",
      },
    );
  }
  if (node.version < type.version) {
    return problem(
      "older version",
      { node: node.id },
      {
        en: `${written}, and its parameters could not be brought to version ${type.version}.`,
        zh: `${writtenZh}，其参数无法转换到第 ${type.version} 版。`,
      },
      {
        en: "Put a new node of this type in its place and set its parameters anew.",
        zh: "请用该类型的新节点替换它，并重新设置参数。",
      },
    );
  }
  return undefined;
}

/** Parameters that cannot be so. What another version's parameters mean is not known here, so they are not judged. */
export function parameterProblems({ node, type, name }: Placed): Problem[] {
  if (node.version !== type.version) return [];
  return badParameters(type.params, node.params).map((bad) =>
    problem(
      "bad parameter",
      { node: node.id, parameter: bad.name },
      {
        en: `Of ${name.en}, the parameter \`${bad.name}\` cannot be so: ${bad.why.en}.`,
        zh: `“${name.zh}”的参数“${bad.name}”不合要求：${bad.why.zh}。`,
      },
      { en: `Allowed: ${bad.allowed.en}.`, zh: `允许的取值：${bad.allowed.zh}。` },
    ),
  );
}
