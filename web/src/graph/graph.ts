/**
 * A graph as data: nodes with their parameters, edges between named ports; one JSON file, `fenlei-graph/1`.
 *
 * These are the very objects of the file, with what it leaves out filled in, so that writing one is `JSON.stringify`.
 */

/** What a file says of its format. */
export const FORMAT = "fenlei-graph/1";

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Of a node, by name: what differs from its type's defaults. */
export type Parameters = Readonly<Record<string, Json>>;

/** One node. */
export interface GraphNode {
  /** Its name in this graph; 1 to 40 letters, digits, `_` or `-`. */
  readonly id: string;
  /** Of the node, such as `data.split`. */
  readonly type: string;
  /** Of the type, that the parameters were written for; from 1. */
  readonly version: number;
  readonly params: Parameters;
  /** Where it is drawn, in pixels. */
  readonly position: readonly [x: number, y: number];
  /** What it is called here; "" for the type's own name. */
  readonly title: string;
  readonly note: string;
}

/** One end of an edge: a port of a node. */
export type End = readonly [node: string, port: string];

/** From the output of one node to the input of another. */
export interface Edge {
  readonly source: End;
  readonly target: End;
}

/** Nodes, each with an id of its own, and edges between them. */
export interface Graph {
  readonly format: typeof FORMAT;
  readonly name: string;
  readonly note: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly Edge[];
}
