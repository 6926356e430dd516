/** What is wrong with a graph, as data: which node and port, what it is, and what mends it. */

import type { Words } from "./words.ts";

/** What can be wrong with a graph, its data apart: of those the server alone knows. */
export const FAULTS = [
  "unknown type",
  "newer version",
  "older version",
  "bad parameter",
  "no such port",
  "type mismatch",
  "taken port",
  "missing input",
  "cycle",
  "unreachable",
  "empty",
] as const;

/** One of them. */
export type Fault = (typeof FAULTS)[number];

/** One thing that is wrong. */
export interface Problem {
  readonly fault: Fault;
  /** Id of the node; "" where it is the graph's. */
  readonly node: string;
  /** Name of the port; "" where it is none's. */
  readonly port: string;
  /** Name of the parameter; likewise. */
  readonly parameter: string;
  /** A sentence that says what is wrong. */
  readonly what: Words;
  /** A sentence that says what mends it. */
  readonly remedy: Words;
}

/** A problem; where it is not said which node, port or parameter, it is none's. */
export function problem(
  fault: Fault,
  where: { readonly node?: string; readonly port?: string; readonly parameter?: string },
  what: Words,
  remedy: Words,
): Problem {
  return { fault, node: "", port: "", parameter: "", ...where, what, remedy };
}
