/** The middle of some measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/**
 * Print what was measured: a line of JSON for programs, a row for people. The last one is ours; its
 * ratio to each of the others is what holds on any machine.
 */
export function report(name: string, unit: string, measured: Record<string, number>): void {
  const [ours, ...peers] = Object.entries(measured).reverse() as [string, number][];
  const ratios = Object.fromEntries(
    peers.reverse().map(([peer, value]) => [peer, round((ours as [string, number])[1] / value)]),
  );
  const values = Object.fromEntries(
    Object.entries(measured).map(([key, one]) => [key, round(one)]),
  );
  process.stdout.write(`${JSON.stringify({ name, unit, values, ratios })}\n`);
  const cells = Object.entries(values).map(([key, one]) => `${key}: ${one} ${unit}`);
  const against = Object.entries(ratios).map(([peer, ratio]) => `${ratio} × ${peer}`);
  process.stdout.write(`| ${name} | ${cells.join(' · ')} | ${against.join(' · ')} |\n`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The value below which this part of the measurements lies. */
export function quantile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number;
}

/** Print measurements that have a goal of their own instead of a peer. */
export function reportGoal(
  name: string,
  unit: string,
  values: Record<string, number>,
  goal: string,
): void {
  const rounded = Object.fromEntries(Object.entries(values).map(([key, one]) => [key, round(one)]));
  process.stdout.write(`${JSON.stringify({ name, unit, values: rounded, goal })}\n`);
  const cells = Object.entries(rounded).map(([key, one]) => `${key}: ${one} ${unit}`);
  process.stdout.write(`| ${name} | ${cells.join(' · ')} | ${goal} |\n`);
}
