import { readFile } from 'node:fs/promises';

const LONGEST_QUOTE = 8000;
const PLACE = /\{\{(\w+)\}\}/g;

/**
 * Reads `app/prompts/<name>.md` and puts the values into their places, once: what a value brings is
 * never filled again. Throws an Error for a place that has no value.
 */
export async function fillTemplate(name: string, values: Record<string, string>): Promise<string> {
  const template = await readPrompt(name);
  const filled = template.replace(PLACE, (_, place: string) => {
    const value = values[place];
    if (value === undefined) {
      const known = Object.keys(values).join(', ');
      throw new Error(`app/prompts/${name}.md has {{${place}}}, which is none of: ${known}`);
    }
    return value;
  });
  return filled.trim();
}

export async function readPrompt(name: string): Promise<string> {
  return readFile(new URL(`./prompts/${name}.md`, import.meta.url), 'utf8');
}

/**
 * Another's words as a quotation, every line marked: so they cannot pass for a line of the prompt
 * itself. Cut at 8,000 characters.
 */
export function quote(text: string): string {
  const cut = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}\n(cut)` : text;
  const lines = cut.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/);
  return lines.map((line) => `> ${line}`).join('\n');
}

/** Lines of a list, or what to say when it is empty. */
export function list(lines: string[], none: string): string {
  return lines.length === 0 ? none : lines.map((line) => `- ${line}`).join('\n');
}

/** Another's words where one line is wanted. */
export function oneLine(text: string): string {
  return text
    .replace(/\p{C}+|\s+/gu, ' ')
    .trim()
    .slice(0, 200);
}
