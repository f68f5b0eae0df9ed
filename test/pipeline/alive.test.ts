import { expect, it } from 'vitest';
import { writeRequest } from '../../supervisor/store/requests.ts';
import { startHost, tinyPolicy, until } from './support/host.ts';

const minute = 60_000;

it('a loop that beats no tick, or answers nobody, is dead to the service manager', async () => {
  await using host = await startHost({
    policy: (source) => tinyPolicy(source).replace('"0 0 1 1 *"', '"*/15 * * * *"'),
  });
  const { live } = host.supervisor;
  expect(live.whyDead()).toBeNull();
  host.shift(40 * minute);
  expect(live.whyDead()).toContain('no tick');
  host.advance(0);
  await until(
    () => live.whyDead() === null,
    () => 'the loop to live again',
  );
  // Left ten minutes ago, and nobody has looked since.
  writeRequest(host.layout, { verb: 'run', agent: 'ada', path: 'task' }, host.now() - 10 * minute);
  expect(live.whyDead()).toContain('no answer');
  host.advance(0);
  await until(
    () => live.whyDead() === null,
    () => 'the request to be answered',
  );
});
