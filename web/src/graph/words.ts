/** A text in the two languages of the product. */

/** The same in English and in Chinese. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

/** How many characters a text has; an emoji is one, as on the server. */
export const characters = (text: string): number => Array.from(text).length;

/** A name in quotation marks, as the server's sentences have it. */
export function quoted(name: string): string {
  const mark = name.includes("'") && !name.includes('"') ? '"' : "'";
  return mark + name.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`) + mark;
}
