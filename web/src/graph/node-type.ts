/** A node type as the server describes it: its ports, and its parameters as a JSON Schema. */

import type { Graph, GraphNode } from "./graph.ts";
import type { Kind } from "./kinds.ts";
import type { ObjectSchema } from "./schema.ts";
import type { Words } from "./words.ts";

/** An output of a node type. */
export interface Output {
  readonly name: string;
  readonly kind: Kind;
}

/** An input of a node type, and whether it must be joined. */
export interface Input extends Output {
  readonly required: boolean;
}

/** What a node is, as far as drawing and checking go. */
export interface NodeType {
  readonly name: string;
  readonly version: number;
  readonly title: Words;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly params: ObjectSchema;
}

/** The node types that are here, by name. */
export type NodeTypes = ReadonlyMap<string, NodeType>;

/** Node types by their names. */
export const byName = (types: Iterable<NodeType>): NodeTypes => new Map(Array.from(types, (type) => [type.name, type]));

/** A node whose type is here. */
export interface Placed {
  readonly node: GraphNode;
  readonly type: NodeType;
  /** What it is called for people. */
  readonly name: Words;
}

/** A node with its type; undefined where that is not here. */
function placed(node: GraphNode, types: NodeTypes): Placed | undefined {
  const type = types.get(node.type);
  if (type === undefined) return undefined;
  return { node, type, name: { en: node.title || type.title.en, zh: node.title || type.title.zh } };
}

/** By id, the nodes of a graph whose types are here. */
export const placedNodes = (graph: Graph, types: NodeTypes): ReadonlyMap<string, Placed> =>
  new Map(
    graph.nodes.flatMap((node) => {
      const found = placed(node, types);
      return found ? [[node.id, found] as const] : [];
    }),
  );
