/** The part of JSON Schema that node types say their parameters in. */

import type { Json } from "./graph.ts";

/** The schema of a value. What it says beyond this is for the form, or left to the server. */
export interface Schema {
  readonly type?: string;
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly additionalProperties?: boolean | Schema;
  readonly default?: Json;
}

/** Schemas by the names that `$ref` points at. */
export type Definitions = Readonly<Record<string, Schema>>;

/** The schema of all parameters of a node type. */
export interface ObjectSchema {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly $defs?: Definitions;
}

/** What a `$ref` points at; a schema that says nothing where it points nowhere. */
export const target = (ref: string, definitions: Definitions): Schema =>
  definitions[ref.slice(ref.lastIndexOf("/") + 1)] ?? {};
