import { expect, test } from 'vitest';
import { mostBuilt, remember } from '../../supervisor/act/gates/gate-build.ts';
import type { GateResult } from '../../supervisor/model/proposal.ts';

test('of the build gates that passed only the newest are remembered', () => {
  const passed: GateResult = { name: 'build', outcome: 'pass', ms: 1, findings: [] };
  const built = new Map<string, GateResult>();
  for (let n = 0; n < mostBuilt * 3; n++) remember(built, `digest-${n}`, passed);
  expect(built.size).toBe(mostBuilt);
  expect([...built.keys()].at(-1)).toBe(`digest-${mostBuilt * 3 - 1}`);
});
