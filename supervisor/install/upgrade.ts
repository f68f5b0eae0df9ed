import { join } from 'node:path';
import { kindOf, makeFolder, readText, removeTree, writeDurable } from '../host/files/files.ts';
import { moveLink, readLink } from '../host/files/links.ts';
import { removeName } from '../host/files/records.ts';
import { call, mustCall } from '../host/process/call.ts';
import { systemd } from '../host/process/systemd.ts';
import { unpack } from '../host/process/tar.ts';
import { pause } from '../host/time/wait-for.ts';
import { Failure, type Reason, reasonOf } from '../model/reason.ts';
import { carryOut, type Progress } from './effects.ts';
import { readPackage, versionsIn } from './package.ts';
import { type HostPlace, hostPlace } from './place.ts';

/** Says that a version is being tried, and where to go back: `NEW OLD`. */
export const markOf = ({ base }: Pick<HostPlace, 'base'>) => join(base, 'upgrading');

export interface Upgraded {
  from: string;
  to: string;
  /** Why it was taken back; null when the new version took over. */
  undone: Reason | null;
}

export interface UpgradeOptions {
  place: HostPlace;
  /** A package: its tarball, or the folder that it was unpacked to. */
  source: string;
  instances: readonly (string | null)[];
  /** Milliseconds in which the new version must be ready and beat a tick. */
  within: number;
  progress: Progress;
}

/**
 * The supervisor's own blue/green: install beside, let the new version check itself on a copy of
 * the journal, flip, restart, wait for READY and a healthy tick, and flip back if that does not
 * come. Cut off midway it is said again, or systemd's OnFailure= takes it back (airlock-fallback).
 * Throws a Failure where nothing was changed.
 */
export async function upgrade(options: UpgradeOptions): Promise<Upgraded> {
  const { place, instances, within, progress } = options;
  const { base } = place;
  const stage = join(base, '.unpacked');
  try {
    const found = readPackage(await unpacked(options.source, stage));
    const to = found.version;
    const from = versionBefore(place, to);
    await carryOut([{ do: 'program', from: found.folder, to: join(base, to) }], progress);
    await checkItself(place, to, instances, progress);
    const active = await activeOf(instances);
    writeDurable(markOf(place), `${to} ${from}\n`);
    moveLink(join(base, 'previous'), from);
    const undone = await tryIt({ place, to, active, instances, within, progress });
    if (undone === null) {
      removeName(markOf(place));
      for (const old of versionsIn(base)) {
        if (old !== to && old !== from) removeTree(join(base, old));
      }
      return { from, to, undone };
    }
    await goBack({ place, to: from, active, instances, within, progress });
    return { from, to, undone };
  } finally {
    removeTree(stage);
  }
}

async function unpacked(source: string, stage: string): Promise<string> {
  if (kindOf(source) === 'folder') return source;
  removeTree(stage);
  makeFolder(stage, 0o700);
  await unpack(source, stage);
  const [only, ...more] = versionsIn(stage);
  if (only !== undefined && more.length === 0) return join(stage, only);
  const message = `${source} is no package of Airlock`;
  throw new Failure('not-found', { message, step: 'upgrade', input: source });
}

/** The version to go back to; of an upgrade that was cut off, the one that it had. */
function versionBefore(place: HostPlace, to: string): string {
  const [tried, before] = (readText(markOf(place)) ?? '').trim().split(' ');
  const current = readLink(join(place.base, 'current'));
  if (current === to && tried === to && before !== undefined) return before;
  if (current === null) {
    const message = 'no Airlock is installed here';
    const hint = 'Say `airlock install`.';
    throw new Failure('usage', { message, step: 'upgrade', input: place.base, hint });
  }
  if (current !== to) return current;
  const hint = 'There is nothing to do: `airlock status` names the version that runs.';
  throw new Failure('usage', {
    message: `${to} is current already`,
    step: 'upgrade',
    input: to,
    hint,
  });
}

const option = (instance: string | null) => (instance === null ? [] : ['--instance', instance]);
const program = (place: HostPlace, version: string) => join(place.base, version, 'bin/airlock');

async function checkItself(
  place: HostPlace,
  version: string,
  instances: readonly (string | null)[],
  progress: Progress,
): Promise<void> {
  for (const instance of instances) {
    const { exit, stdout, stderr } = await call(program(place, version), [
      ...['self-check', '--json', ...option(instance)],
    ]);
    if (exit !== 0) throw refused(version, stdout, stderr);
    progress(`check    ${version} reads ${hostPlace(place.prefix, instance).root}`, 'done');
  }
}

function refused(version: string, stdout: string, stderr: string): Failure {
  const message = `${version} could not take over: nothing was changed`;
  const parts = { message, step: 'self-check', input: version, actual: said(stdout, stderr) };
  return new Failure('upgrade-refused', parts);
}

/** What a command told of its failure. */
function said(stdout: string, stderr: string): string {
  try {
    const { reason } = JSON.parse(stdout) as { reason?: Reason };
    return reason === undefined ? stderr : `${reason.message} (${reason.code})`;
  } catch (error) {
    if (error instanceof SyntaxError) return stderr.trim().slice(-1000);
    throw error;
  }
}

/** Instances whose services run now: those alone are started again. */
async function activeOf(instances: readonly (string | null)[]): Promise<(string | null)[]> {
  const active: (string | null)[] = [];
  for (const instance of instances) {
    const [, supervisor] = hostPlace('', instance).services;
    if (await systemd.isActive(supervisor)) active.push(instance);
  }
  return active;
}

interface Taking {
  place: HostPlace;
  to: string;
  active: readonly (string | null)[];
  instances: readonly (string | null)[];
  within: number;
  progress: Progress;
}

/** Why the version does not do; null when it is ready and beats. */
async function tryIt(taking: Taking): Promise<Reason | null> {
  try {
    await takeOver(taking);
    return null;
  } catch (error) {
    return reasonOf(error, 'upgrade');
  }
}

async function takeOver({ place, to, active, instances, within, progress }: Taking) {
  for (const instance of instances) {
    await mustCall(program(place, to), ['take-over', ...option(instance)], 'take over');
  }
  progress(`flip     ${join(place.base, 'current')} -> ${to}`, 'done');
  const since = Date.now();
  for (const instance of active) await systemd.restarting(hostPlace('', instance).services);
  for (const instance of active) {
    await healthy({ place, to, instance, since, until: since + within });
    progress(`healthy  ${hostPlace('', instance).services[1]} with ${to}`, 'done');
  }
}

/** Back to a version that was; what the newer one made of the journal makes way. */
async function goBack(taking: Taking): Promise<void> {
  const { place, to, active, instances, progress } = taking;
  for (const instance of active) await systemd.stop([...hostPlace('', instance).services]);
  moveLink(join(place.base, 'current'), to);
  for (const instance of instances) {
    await mustCall(program(place, to), ['step-back', ...option(instance)], 'step back');
  }
  progress(`back     to ${to}`, 'done');
  await takeOver(taking);
  removeName(markOf(place));
}

interface Health {
  place: HostPlace;
  to: string;
  instance: string | null;
  since: number;
  until: number;
}

/** READY, and a tick since: told by the version itself. Throws what is not so in time. */
async function healthy({ place, to, instance, since, until }: Health): Promise<void> {
  const [, supervisor] = hostPlace('', instance).services;
  let last = 'nothing yet';
  for (; Date.now() < until; await pause(200)) {
    const state = await systemd.stateOf(supervisor);
    if (state === 'failed') {
      last = 'it failed';
      break;
    }
    if (state !== 'active') {
      last = state;
      continue;
    }
    const { stdout } = await call(program(place, to), ['status', '--json', ...option(instance)]);
    const { daemon, tick } = statusOf(stdout);
    last = `version ${daemon?.version}, last tick ${tick?.last}`;
    if (daemon?.version === to && Date.parse(tick?.last ?? '') >= since) return;
  }
  throw new Failure('upgrade-failed', {
    message: `${supervisor} did not come up with ${to}`,
    step: 'upgrade',
    input: to,
    expected: 'READY and a tick',
    actual: last,
    cause: await systemd.lastWords(supervisor),
  });
}

interface Told {
  daemon?: { version: string | null };
  tick?: { last: string | null };
}

function statusOf(text: string): Told {
  try {
    return JSON.parse(text) as Told;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
