import { findPrograms, missingPrograms } from '../../host/process/programs.ts';
import { confine } from '../../host/sandbox/confine.ts';
import { sharedIdentity } from '../../host/sandbox/identity.ts';
import { bad, type Finding, good, unseen } from '../finding.ts';
import type { Ground } from '../ground.ts';

const limits = { kept: 16 * 1024, flood: 1024 * 1024, wall: 20_000 };

/** That a sandbox can really be made here, with its walls: `true` is run in one. */
export async function sandbox({ guest, hostInstall }: Ground): Promise<Finding[]> {
  if (missingPrograms().length > 0) {
    return [bad('no sandbox can be made', 'Install what the check before names.')];
  }
  const end = await confine({ ...spec(), ...without }, limits).ended;
  if (end.setup === null && end.exit === 0) return [good('a sandboxed `true` ran')];
  // There runs are the launcher's, which is root: that others may make none says nothing of it.
  if (guest && hostInstall) return [unseen('could not look: you may not make a sandbox here')];
  const why = end.setup?.cause ?? end.setup?.message ?? end.stderrTail;
  const message = 'a sandboxed `true` did not run: no agent can';
  return [bad(message, remedy, [why.slice(0, 2000) || `exit ${end.exit}`])];
}

/** `/usr` stands for a release: read-only, and there on every host. */
const spec = () => ({
  programs: findPrograms(),
  identity: sharedIdentity(),
  runtime: '/usr',
  runtimeWritable: false,
  environment: {},
  command: ['true'],
});

const without = {
  ...{ deps: null, tools: null, workspace: null },
  ...{ inbox: null, receipts: null, gateway: null },
};

const remedy =
  'Allow namespaces: sysctl kernel.unprivileged_userns_clone=1 (or start as root); in a unit, ' +
  'no RestrictNamespaces=; in a container, let it make user and mount namespaces.';
