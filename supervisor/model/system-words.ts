/*
 * libuv has no name for EDQUOT, a quota that is used up. Node then tells its number, or of a
 * write(2) nothing at all.
 */
const errno = -122;
const numbered = /Unknown system error -122(: Unknown system error -122)?/g;
const unnamed = /\bUNKNOWN\b(: unknown error)?/g;

/** What the system said of an error, with its own words for every code. */
export function systemWords(text: string, error: unknown = null): string {
  const name = (_: string, more?: string) => (more ? 'EDQUOT: disk quota exceeded' : 'EDQUOT');
  const known = text.replace(numbered, name);
  return cameOfQuota(error) ? known.replace(unnamed, name) : known;
}

function cameOfQuota(error: unknown): boolean {
  let at = error;
  for (let depth = 0; at instanceof Error && depth < 32; depth++) {
    if ((at as { errno?: unknown }).errno === errno) return true;
    at = at.cause;
  }
  return false;
}
