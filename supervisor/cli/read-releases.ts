/** Reading releases again, by the same code that made them: nothing here writes one. */
export { diffReleases } from '../act/stage/history.ts';
export { verifyRelease } from '../act/stage/verify.ts';
