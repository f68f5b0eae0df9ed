import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { selfCheck } from '../../supervisor/install/self-check.ts';
import { startHost } from '../pipeline/support/host.ts';
import { reasonOfFailing } from '../store/support.ts';

it('a version that could not read the policy in force does not take over', async () => {
  await using host = await startHost();
  const { digest } = host.supervisor.live.policy();
  const kept = host.layout.policyVersion(digest);
  const check = () => selfCheck(host.layout, host.policyFile, () => host.now());
  expect(check()).toMatchObject({ current: host.current, entries: true });
  writeFileSync(kept, `${readFileSync(kept, 'utf8')}unknown: 1\n`);
  expect(reasonOfFailing(check)).toMatchObject({ code: 'policy-invalid', input: `${kept}:17` });
});
