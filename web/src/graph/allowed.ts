/** What a value may be, by its JSON Schema, in words for people. The words are those of `fenlei.pipelines.allowed`. */

import type { Json } from "./graph.ts";
import { target, type Definitions, type Schema } from "./schema.ts";
import type { Words } from "./words.ts";

const TYPES: Readonly<Record<string, Words>> = {
  integer: { en: "a whole number", zh: "整数" },
  number: { en: "a number", zh: "数字" },
  string: { en: "a text", zh: "文本" },
  boolean: { en: "true or false", zh: "true 或 false" },
  array: { en: "a list", zh: "列表" },
  object: { en: "an object", zh: "对象" },
  null: { en: "null", zh: "null" },
};
const SOMETHING: Words = { en: "another value", zh: "其他值" };

const LIMITS: readonly (readonly [keyof Schema, (limit: string) => Words])[] = [
  ["minimum", (limit) => ({ en: `at least ${limit}`, zh: `不小于 ${limit}` })],
  ["exclusiveMinimum", (limit) => ({ en: `above ${limit}`, zh: `大于 ${limit}` })],
  ["maximum", (limit) => ({ en: `at most ${limit}`, zh: `不大于 ${limit}` })],
  ["exclusiveMaximum", (limit) => ({ en: `below ${limit}`, zh: `小于 ${limit}` })],
  ["multipleOf", (limit) => ({ en: `a multiple of ${limit}`, zh: `${limit} 的倍数` })],
  ["minLength", (limit) => ({ en: `at least ${limit} characters`, zh: `至少 ${limit} 个字符` })],
  ["maxLength", (limit) => ({ en: `at most ${limit} characters`, zh: `最多 ${limit} 个字符` })],
  ["pattern", (limit) => ({ en: `of the form \`${limit}\``, zh: `格式为 \`${limit}\`` })],
  ["minItems", (limit) => ({ en: `at least ${limit} of them`, zh: `至少 ${limit} 项` })],
  ["maxItems", (limit) => ({ en: `at most ${limit} of them`, zh: `最多 ${limit} 项` })],
];

/**
 * What the schema of a value allows.
 *
 * @param schema - of the value.
 * @param definitions - what `$ref` points at.
 */
export function allowed(schema: Schema, definitions: Definitions = {}): Words {
  if (schema.$ref !== undefined) return allowed(target(schema.$ref, definitions), definitions);
  if (schema.anyOf !== undefined) {
    const each = schema.anyOf.map((one) => allowed(one, definitions));
    return joined(each, ", or ", "，或 ");
  }
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (choices !== undefined) {
    const shown = choices.map(said);
    return { en: shown.join(", "), zh: shown.join("、") };
  }
  let told = TYPES[schema.type ?? ""] ?? SOMETHING;
  if (schema.items !== undefined) {
    const inside = allowed(schema.items, definitions);
    told = { en: `${told.en}, each entry ${inside.en}`, zh: `${told.zh}，每项为${inside.zh}` };
  }
  const limits = LIMITS.flatMap(([key, words]) => {
    const limit = schema[key];
    return typeof limit === "number" || typeof limit === "string" ? [words(String(limit))] : [];
  });
  if (limits.length === 0) return told;
  const bounds = joined(limits, " and ", "且");
  return { en: `${told.en}, ${bounds.en}`, zh: `${told.zh}，${bounds.zh}` };
}

const joined = (each: readonly Words[], en: string, zh: string): Words => ({
  en: [...new Set(each.map((words) => words.en))].join(en),
  zh: [...new Set(each.map((words) => words.zh))].join(zh),
});

const said = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
