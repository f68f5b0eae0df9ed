/**
 * Kill switches: one file each, its name is the scope. Read afresh before every effect, by the
 * daemon and the gateway; written by the command itself, so that a halt needs no daemon. What
 * cannot be read is on.
 */
import { join } from 'node:path';
import { makeFolder } from '../host/files/files.ts';
import {
  codeOrEio,
  listNames,
  lookAt,
  mayList,
  readSmall,
  removeName,
  type Small,
  writeName,
} from '../host/files/records.ts';
import { releaseReserve, withRoom } from '../host/files/reserve.ts';
import { userName } from '../host/sandbox/users.ts';
import { redacted } from '../host/secrets.ts';
import { instant } from '../model/duration.ts';
import {
  type Halt,
  type HaltScope,
  parseSwitchName,
  type Switches,
  switchName,
} from '../model/halt.ts';
import type { Layout } from '../model/layout.ts';
import { Failure } from '../model/reason.ts';

/** A reason longer than this is cut when it is written and left out when it is read. */
const reasonBytes = 16 * 1024;

/** Every switch that is on. */
export function readSwitches(layout: Layout): Switches {
  try {
    const names = listNames(layout.switches).filter((name) => parseSwitchName(name) !== null);
    const halts = names.map((name) => readHalt(layout, name)).filter((halt) => halt !== null);
    return { readable: true, halts: halts.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)) };
  } catch (error) {
    return { readable: false, halts: [], cause: codeOrEio(error) };
  }
}

const nameOf = (halt: Halt) => switchName(halt.scope, halt.target);

/** Names in the switch folder that are no switches and halt nothing: doctor names them. */
export function strangeSwitches(layout: Layout): string[] {
  return listNames(layout.switches).filter((name) => parseSwitchName(name) === null);
}

/** Whose effect is about to begin. */
export interface Effect {
  agent?: string;
  tenant?: string;
  run?: string;
  tool?: string;
}

/** The widest switch that stops this effect, or null. A folder that cannot be read stops all. */
export function haltFor(layout: Layout, effect: Effect): Halt | null {
  try {
    const found = switchesOf(effect)
      .filter((name) => lookAt(join(layout.switches, name)) !== null)
      .map((name) => readHalt(layout, name))
      .find((halt) => halt !== null);
    // Asked last: a folder that was not there made every name look off.
    return found ?? (mayList(layout.switches) ? null : unreadable('the folder cannot be listed'));
  } catch (error) {
    return unreadable(codeOrEio(error));
  }
}

/** Names of the switches that an effect obeys. Throws if a name would not be a switch's. */
function switchesOf({ tenant, agent, run, tool }: Effect): string[] {
  const names = ['host'];
  for (const [scope, target] of Object.entries({ tenant, agent, run, tool })) {
    if (target === undefined) continue;
    names.push(switchName(scope as HaltScope, target));
  }
  if (names.every((name) => parseSwitchName(name) !== null)) return names;
  throw new Error(`no switch can have the name of one of: ${names.join(' ')}`);
}

function unreadable(cause: string): Halt {
  const reason = `the switch folder cannot be read (${cause}): everything is halted`;
  return { scope: 'host', target: null, reason, by: '', at: instant(0) };
}

/** The halt of a switch file, whatever it is or holds; null when it is gone. */
function readHalt(layout: Layout, name: string): Halt | null {
  const said = parseSwitchName(name);
  const small = readSmall(join(layout.switches, name), reasonBytes);
  if (said === null || small.kind === 'absent') return null;
  const by = small.uid === null ? '' : userName(small.uid);
  return { ...said, reason: contentOf(small), by, at: instant(small.mtimeMs) };
}

function contentOf(small: Exclude<Small, { kind: 'absent' }>): string {
  switch (small.kind) {
    case 'file':
      return small.content.toString().trim();
    case 'strange':
      return `(${small.what})`;
    case 'too-big':
      return `(${small.size} bytes)`;
    case 'unreadable':
      return `(unreadable: ${small.cause})`;
  }
}

/**
 * Switch on, durable when it returns. `false`: it is on, but the disk had no room for its reason.
 * Throws Failure `usage` for a target that cannot be one, `host-failed` when it cannot be made.
 */
export function writeSwitch(
  layout: Layout,
  scope: HaltScope,
  target: string | null,
  reason: string,
): boolean {
  const name = checkedName(scope, target);
  return onDisk(layout, name, 'halt', () => {
    makeFolder(layout.switches);
    const content = Buffer.from(`${redacted(reason.trim())}\n`).subarray(0, reasonBytes);
    const write = () => writeName(join(layout.switches, name), content.toString(), 0o644);
    return withRoom(layout, write) || (releaseReserve(layout) && write());
  });
}

/** Switch off, durable when it returns; `false`: it was not on. Throws as `writeSwitch` does. */
export function removeSwitch(layout: Layout, scope: HaltScope, target: string | null): boolean {
  const name = checkedName(scope, target);
  return onDisk(layout, name, 'resume', () => removeName(join(layout.switches, name)));
}

function checkedName(scope: HaltScope, target: string | null): string {
  const name = switchName(scope, target);
  const said = parseSwitchName(name);
  if (said?.scope === scope && said.target === target) return name;
  const message = `"${target}" cannot be the target of a switch of scope ${scope}`;
  throw new Failure('usage', { message, step: 'halt', input: name });
}

function onDisk<T>(layout: Layout, name: string, step: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const input = join(layout.switches, name);
    const message = `the switch could not be changed (${codeOrEio(error)})`;
    throw new Failure('host-failed', { message, step, input }, error);
  }
}
