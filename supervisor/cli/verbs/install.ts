import { dirname, join, resolve } from 'node:path';
import { kindOf, listFolder, readText } from '../../host/files/files.ts';
import { readLink } from '../../host/files/links.ts';
import { systemd } from '../../host/process/systemd.ts';
import { carryOut, foresee } from '../../install/effects.ts';
import { readPackage } from '../../install/package.ts';
import { type HostPlace, hostPlace } from '../../install/place.ts';
import { type InstallStep, installPlan, type Package } from '../../install/plan.ts';
import { Failure } from '../../model/reason.ts';
import { type Call, exits, flag, type Result, text, usage } from '../call.ts';
import { lookAtRuntime } from '../init/look.ts';
import { firstScenario, policyText } from '../init/write-policy.ts';
import { packageFolder } from '../place.ts';

/** Put this package on the host. Says what it does, and does just that; may be said again. */
export async function verb(call: Call): Promise<Result> {
  const place = hostOf(call);
  await mustBeAble(place, 'install', flag(call, 'dryRun'));
  const folder = packageFolder(import.meta.dirname);
  if (folder === null) throw noPackage(import.meta.dirname);
  const found = readPackage(folder);
  mustBeFirst(place, found);
  const policy = policyOf(call, place, found);
  const start = !(call.options.start === false);
  const begin = start ? '' : `\`systemctl start ${place.services[1]}\`, then `;
  const which = place.instance === null ? '' : ` --instance ${place.instance}`;
  const next = place.prefix === '' ? `Next: ${begin}\`airlock status${which}\`.` : '';
  return carried(call, installPlan(place, found, { policy, start }), next);
}

/** The host that is meant; its places are fixed. */
export function hostOf(call: Call): HostPlace {
  for (const name of ['root', 'policy']) {
    if (call.options[name] !== undefined) throw usage(`a host's places are fixed: no --${name}`);
  }
  const prefix = resolve(text(call, 'prefix') ?? '/');
  return hostPlace(prefix === '/' ? '' : prefix, call.place.instance);
}

/** To change the version of a host is an upgrade, which knows its way back. */
function mustBeFirst({ base }: HostPlace, { version }: Package): void {
  const there = readLink(join(base, 'current'));
  if (there === null || there === version) return;
  const parts = { step: 'install', input: base, expected: version, actual: there };
  const hint = 'Say `airlock upgrade`, or `airlock uninstall` first.';
  throw new Failure('usage', { message: `version ${there} is installed`, ...parts, hint });
}

/** What install and uninstall share: the plan is said as it is carried out, or only said. */
export async function carried(
  call: Call,
  plan: readonly InstallStep[],
  next: string,
): Promise<Result> {
  const dry = flag(call, 'dryRun');
  const steps: { step: string; state: string }[] = [];
  const said = (step: string, state: string) => {
    steps.push({ step, state });
    call.note(`${state === 'there' ? '=' : '+'} ${step}`);
  };
  // What is made is for all to read, whatever the caller's own files are.
  process.umask(0o022);
  await (dry ? foresee : carryOut)(plan, said);
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, dryRun: dry, steps },
    text: () => (dry ? 'Nothing was done (+ to do, = so already).' : `Done. ${next}`.trimEnd()),
  };
}

/** `dry`: null where there is no --dry-run and no --prefix. */
export async function mustBeAble(
  { prefix }: HostPlace,
  step: 'install' | 'upgrade' | 'uninstall',
  dry: boolean | null,
): Promise<void> {
  if (prefix !== '' || dry) return;
  const other = (hint: string) => (dry === null ? 'Say it as root.' : hint);
  if (process.getuid?.() !== 0) {
    const hint = other('Say it as root, or try --dry-run, or --prefix DIR.');
    throw new Failure('usage', { message: `only root can ${step} a service`, step, hint });
  }
  if (await systemd.there()) return;
  const message = 'no systemd runs here';
  const hint = 'Install into a folder with --prefix DIR, or run `airlock start` in the foreground.';
  throw new Failure('usage', { message, step, hint });
}

function noPackage(input: string): Failure {
  const message = 'this is a checkout, not a package';
  const hint = '`npm run package`, unpack what it made, and run its bin/airlock install.';
  return new Failure('usage', { message, step: 'install', input, hint });
}

/** Files of a host's first policy; where one is there it stays as it is. */
function policyOf(call: Call, place: HostPlace, found: Package): Record<string, string> {
  const from = text(call, 'from');
  if (from === null) {
    const shipped = readText(join(found.folder, 'share/airlock.yaml')) ?? '';
    return { [place.policy]: shipped };
  }
  const source = resolve(from);
  if (kindOf(source) !== 'folder') {
    const message = `${source}: there is no such folder`;
    throw new Failure('usage', { message, step: 'install', input: source });
  }
  const guess = lookAtRuntime(source);
  const suite = join(dirname(place.policy), 'smoke', 'first.yaml');
  const files = { [place.policy]: policyText(source, guess) };
  return listFolder(dirname(suite)).length > 0 ? files : { ...files, [suite]: firstScenario };
}
