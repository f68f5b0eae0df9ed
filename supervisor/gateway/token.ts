import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from './refusal.ts';

/** A run's token: 256 random bits; it opens this run's door and nothing else. */
export function newToken(): string {
  return `run-${randomBytes(32).toString('base64url')}`;
}

/**
 * Throws when a token that was shown is not this run's, or when none was and one is `needed`.
 * Every token shown must be right: a client that sends two is not let in by one of them.
 */
export function checkToken(headers: IncomingHttpHeaders, token: string, needed: boolean): void {
  const shown = shownTokens(headers);
  if (shown.length === 0 && !needed) return;
  if (shown.length > 0 && shown.every((each) => equal(each, token))) return;
  const what = shown.length === 0 ? 'no token came with the request' : 'the token is wrong';
  throw new Refusal('gateway-token', {
    type: 'authentication_error',
    message: `invalid x-api-key: ${what}`,
    step: 'gateway token',
    expected: 'the token of this run, in x-api-key or as a bearer',
    actual: what,
  });
}

function shownTokens(headers: IncomingHttpHeaders): string[] {
  const key = headers['x-api-key'];
  const bearer = headers.authorization?.replace(/^bearer +/i, '');
  return [...(Array.isArray(key) ? key : [key]), bearer].filter((one) => one !== undefined);
}

/** Compares digests, so that the time taken tells neither content nor length. */
function equal(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
