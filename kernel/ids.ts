const FORM = /^[a-z0-9][a-z0-9._-]{0,79}$/;
const LONGEST_SLUG = 48;

/** Whether it may name a task, message or thread: safe as a file name, one line, no dots first. */
export function isId(text: string): boolean {
  return FORM.test(text);
}

/** An id from words: `Write the greeting!` -> `write-the-greeting`; `untitled` if none is left. */
export function slug(words: string): string {
  const plain = words
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_SLUG)
    .replace(/^-+|-+$/g, '');
  return plain || 'untitled';
}

/** The words themselves, then with `-2`, `-3` and so on: ids to try until one is free. */
export function* candidates(id: string): Generator<string> {
  yield id;
  for (let number = 2; number < 10_000; number++) yield `${id}-${number}`;
}
