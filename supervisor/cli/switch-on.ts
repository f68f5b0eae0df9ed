import type { HaltScope } from '../model/halt.ts';
import { daemonState } from '../store/daemon.ts';
import { removeSwitch, writeSwitch } from '../store/switches.ts';
import { type Call, exits, type Result } from './call.ts';
import { doubts } from './doubts.ts';
import { hideKnownKeys } from './policy.ts';
import { line } from './show/escape.ts';
import { scopeText } from './switch-scope.ts';

/** Write a switch file; it is in force when this returns, daemon or not. */
export function switchOn(call: Call, scope: HaltScope, target: string | null, why: string): Result {
  hideKnownKeys(call);
  const whole = writeSwitch(call.layout, scope, target, why);
  const { running } = daemonState(call.layout);
  const what = line(scopeText({ scope, target }));
  const notes = doubts(call.layout, scope, target);
  for (const one of notes) call.note(`warning: ${line(one)}`);
  const lines = [
    scope === 'lockdown' ? 'Locked: no deployment starts or goes on.' : `Halted: ${what}.`,
    ...(whole ? [] : ['The disk has no room for the reason; the switch is on all the same.']),
    ...(running ? [] : ['No daemon runs; it will obey when it starts.']),
  ];
  const facts = { scope, target, on: true, reasonKept: whole, daemon: running, notes };
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, ...facts },
    text: () => lines.join('\n'),
  };
}

/** Remove a switch file. Nothing there is fine, and is said. */
export function switchOff(call: Call, scope: HaltScope, target: string | null): Result {
  const was = removeSwitch(call.layout, scope, target);
  const what = scope === 'lockdown' ? 'lockdown' : line(scopeText({ scope, target }));
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, scope, target, on: false, wasOn: was },
    text: () => (was ? `Lifted: ${what}.` : `There was nothing to lift: ${what} was not on.`),
  };
}
