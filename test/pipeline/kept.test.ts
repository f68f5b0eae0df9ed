import { readdirSync, rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startHost } from './support/host.ts';

it('a start keeps what the agents of an older release say, so that status need not read YAML', async () => {
  await using host = await startHost();
  const kept = readdirSync(host.layout.parsed);
  expect(kept).toHaveLength(1);
  await host.stop();
  rmSync(host.layout.parsed, { recursive: true });
  await host.start();
  expect(readdirSync(host.layout.parsed)).toEqual(kept);
});
