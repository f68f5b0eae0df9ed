/**
 * A sum that several at once spend from, never more than it in all: each gets a share before it
 * starts, and what it did not spend comes back. Nobody is left without as long as any is free.
 */
export interface Purse {
  take(): number;
  /** `spent` may pass the share by what one call cost more than was reserved. */
  settle(share: number, spent: number): void;
}

export function shareOut(sum: number, takers: number, atOnce: number): Purse {
  let free = sum;
  let coming = takers;
  let open = 0;
  return {
    take() {
      const slots = Math.min(coming, Math.max(1, atOnce - open));
      const share = Math.max(0, free / Math.max(1, slots));
      coming -= 1;
      open += 1;
      free -= share;
      return share;
    },
    settle(share, spent) {
      open -= 1;
      free += share - spent;
    },
  };
}
