/** Doctor's look at a ROOT that a test has made. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyRelease } from '../../../supervisor/act/stage/verify.ts';
import { checks } from '../../../supervisor/doctor/checks.ts';
import { examine } from '../../../supervisor/doctor/doctor.ts';
import { groundOf } from '../../../supervisor/doctor/ground.ts';
import { checkoutIdentities } from '../../../supervisor/host/sandbox/identities.ts';
import { time } from '../../fixtures/store/rows.ts';
import type { Root } from './root.ts';

export const policyText = `
runtime: {source: ., include: [app], entry: [node]}
smoke: {suite: smoke}
models: {cheap: [{provider: rehearsal}]}
`;

/** Everything that these tests are about is looked at; this machine's own matters are not. */
const list = checks.filter(
  (one) => !['node', 'programs', 'sandbox', 'path', 'disk', 'cgroups'].includes(one.name),
);

interface Change {
  policy?: string;
  verify?: () => never;
  hostInstall?: boolean;
  /** Milliseconds since 1970. */
  now?: number;
}

export async function look(root: Root, change: Change = {}) {
  const { layout } = root;
  const { hostInstall = false, now = time } = change;
  const policyFile = join(layout.root, 'airlock.yaml');
  writeFileSync(policyFile, change.policy ?? policyText);
  const verify = change.verify ?? ((id: string) => verifyRelease(layout, id));
  const own = { hostInstall, identities: checkoutIdentities() };
  const ground = groundOf({ layout, policyFile, now, ...own, verify });
  const { ok, findings, waiting } = await examine(ground, list);
  const wrong = findings.filter((one) => !one.ok && one.severity === 'error');
  return { ok, waiting, findings, wrong: wrong.map((one) => `${one.check}: ${one.message}`) };
}
