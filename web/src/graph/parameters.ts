/**
 * What is wrong with the parameters of a node, by the JSON Schema of its type.
 *
 * This is for the form, while somebody types; the server has the last word. Left to it are: rules that a schema does
 * not say (one parameter against another), `multipleOf`, patterns that JavaScript cannot read, and whether `1.0` was
 * written where a whole number is wanted, which JavaScript cannot tell from `1`.
 */

import { allowed } from "./allowed.ts";
import type { Json, Parameters } from "./graph.ts";
import { target, type Definitions, type ObjectSchema, type Schema } from "./schema.ts";
import { characters, type Words } from "./words.ts";

/** A parameter that cannot be what it is said to be: why, and what may be said in its place. */
export interface BadParameter {
  readonly name: string;
  readonly why: Words;
  readonly allowed: Words;
}

/** Of a value that does not fit: the part of it that does not, and where in lists that part stands. */
interface Misfit {
  readonly value: Json;
  readonly entries: readonly number[];
}

/** Characters of a value that a refusal repeats. */
const MOST_SHOWN = 60;

/**
 * What is wrong with parameters: those of the schema in its order, then those that it does not know.
 *
 * @param schema - of the node type.
 * @param said - the node's parameters.
 */
export function badParameters(schema: ObjectSchema, said: Parameters): BadParameter[] {
  const definitions = schema.$defs ?? {};
  const found: BadParameter[] = [];
  for (const [name, each] of Object.entries(schema.properties)) {
    const value = Object.hasOwn(said, name) ? said[name] : undefined;
    if (value === undefined) {
      if (schema.required?.includes(name) !== true) continue;
      const why = { en: "it is not said", zh: "没有填写" };
      found.push({ name, why, allowed: allowed(each, definitions) });
      continue;
    }
    const misfit = misfitOf(each, value, definitions);
    if (misfit !== undefined) found.push({ name, why: told(misfit), allowed: allowed(each, definitions) });
  }
  const known = Object.keys(schema.properties).map((each) => `\`${each}\``);
  for (const name of Object.keys(said)) {
    if (Object.hasOwn(schema.properties, name)) continue;
    const why = { en: "there is no such parameter", zh: "没有这个参数" };
    const list = known.join(", ");
    const there = { en: `the parameters are ${list || "none"}`, zh: `参数有：${list || "无"}` };
    found.push({ name, why, allowed: there });
  }
  return found;
}

function told({ value, entries }: Misfit): Words {
  const whole = Array.from(JSON.stringify(value));
  const shown = whole.length <= MOST_SHOWN ? whole.join("") : `${whole.slice(0, MOST_SHOWN).join("")}…`;
  if (entries.length === 0) return { en: `it says ${shown}`, zh: `填写的是 ${shown}` };
  const within = entries.map((each) => `[${each}]`).join("");
  return { en: `its entry ${within} says ${shown}`, zh: `其中 ${within} 填写的是 ${shown}` };
}

/** The first part of a value that its schema does not allow; undefined where it allows all. */
function misfitOf(schema: Schema, value: Json, definitions: Definitions): Misfit | undefined {
  if (schema.$ref !== undefined) return misfitOf(target(schema.$ref, definitions), value, definitions);
  if (schema.anyOf !== undefined) {
    const misfits = schema.anyOf.map((one) => misfitOf(one, value, definitions));
    return misfits.includes(undefined) ? undefined : misfits[0];
  }
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  const fits = choices?.includes(value) ?? (ofType(schema.type, value) && within(schema, value));
  if (!fits) return { value, entries: [] };
  if (isList(value)) return misfitEntry(schema, value, definitions);
  if (typeof value === "object" && value !== null && typeof schema.additionalProperties === "object") {
    const inside = schema.additionalProperties;
    return first(Object.values(value), (each) => misfitOf(inside, each, definitions));
  }
  return undefined;
}

function misfitEntry(schema: Schema, list: readonly Json[], definitions: Definitions): Misfit | undefined {
  return first(list, (each, place) => {
    const inside = schema.prefixItems?.[place] ?? schema.items;
    const misfit = inside && misfitOf(inside, each, definitions);
    return misfit && { value: misfit.value, entries: [place, ...misfit.entries] };
  });
}

function first<T, R>(values: readonly T[], asked: (value: T, place: number) => R | undefined): R | undefined {
  for (const [place, value] of values.entries()) {
    const answer = asked(value, place);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** `Array.isArray`, which does not know lists that may only be read. */
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** Values are not bent into another type: `"3"` is no 3, and true is no 1. A type that is not known here fits all. */
function ofType(type: string | undefined, value: Json): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "number":
    case "string":
    case "boolean":
      return typeof value === type;
    case "null":
      return value === null;
    case "array":
      return isList(value);
    case "object":
      return typeof value === "object" && value !== null && !isList(value);
    default:
      return true;
  }
}

function within(schema: Schema, value: Json): boolean {
  if (typeof value === "number") {
    return (
      value >= (schema.minimum ?? -Infinity) &&
      value <= (schema.maximum ?? Infinity) &&
      (schema.exclusiveMinimum === undefined || value > schema.exclusiveMinimum) &&
      (schema.exclusiveMaximum === undefined || value < schema.exclusiveMaximum)
    );
  }
  if (typeof value === "string") {
    return ofForm(schema.pattern, value) && between(characters(value), schema.minLength, schema.maxLength);
  }
  return !isList(value) || between(value.length, schema.minItems, schema.maxItems);
}

/** A pattern that JavaScript cannot read fits all: the server reads another dialect. */
function ofForm(pattern: string | undefined, value: string): boolean {
  if (pattern === undefined) return true;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

const between = (count: number, least = 0, most = Infinity): boolean => least <= count && count <= most;
