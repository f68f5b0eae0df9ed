/** Milliseconds that some work takes, the middle of nine times. */
export function medianOf(work: () => void): number {
  const times = Array.from({ length: 9 }, () => {
    const before = performance.now();
    work();
    return performance.now() - before;
  });
  return times.sort((a, b) => a - b)[4] ?? 0;
}
