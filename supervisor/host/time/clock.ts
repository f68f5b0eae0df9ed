/** Where the time comes from; a test hands in its own. */
export interface Clock {
  /** Milliseconds since 1970, whole. */
  now(): number;
  /** Milliseconds since some fixed instant; never goes back, whatever happens to the wall clock. */
  monotonic(): number;
}

export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
