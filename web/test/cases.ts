/** The legal and illegal graphs that every implementation of the check is held to: `tests/fixtures/graphs.json`. */

import { readFileSync } from "node:fs";

import type { Json } from "../src/graph/graph.ts";
import { byName, type NodeType, type NodeTypes } from "../src/graph/node-type.ts";
import type { Fault, Problem } from "../src/graph/problem.ts";

/** What is compared of a problem; sentences are each implementation's own. */
export interface Found {
  readonly fault: Fault;
  readonly node: string;
  readonly port: string;
  readonly parameter: string;
}

/** A graph, and what is wrong with it. */
export interface Case {
  readonly name: string;
  readonly graph: Json;
  readonly problems?: readonly Found[];
}

interface Cases {
  readonly node_types: readonly NodeType[];
  readonly legal: readonly Case[];
  readonly illegal: readonly Case[];
  readonly unreadable: readonly Case[];
}

const FILE = new URL("../../tests/fixtures/graphs.json", import.meta.url);

/** The file. */
export const CASES = JSON.parse(readFileSync(FILE, "utf8")) as Cases;

/** Its node types. */
export const TYPES: NodeTypes = byName(CASES.node_types);

/** What is compared of problems. */
export const found = (problems: readonly Problem[]): Found[] =>
  problems.map(({ fault, node, port, parameter }) => ({ fault, node, port, parameter }));
