import { expect, test, vi } from 'vitest';
import { collectWhenQuiet } from '../../supervisor/host/memory.ts';

test('what a burst of work left is given back when it has been quiet for a while', async () => {
  const work = collectWhenQuiet(50);
  const size = () => process.memoryUsage().heapUsed;
  const before = size();
  // Kept long enough to be old: young garbage goes by itself.
  const burst = Array.from({ length: 300_000 }, (_, at) => ({ at, text: `${at}` }));
  expect(size() - before).toBeGreaterThan(15_000_000);
  burst.length = 0;
  work();
  await vi.waitFor(() => expect(size() - before).toBeLessThan(8_000_000), { timeout: 10_000 });
});
