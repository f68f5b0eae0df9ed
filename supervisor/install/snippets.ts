import { type HostPlace, onHost, operators, user } from './place.ts';

/** sysusers.d(5): who Airlock is, and who may tell it what to do. An agent's user comes with it. */
export const sysusersText = `# Airlock's users (airlock install).
u ${user} - "Airlock supervisor" /nonexistent /usr/sbin/nologin
g ${operators} -
`;

/**
 * tmpfiles.d(5): who may do what in ROOT. The supervisor makes what is missing; these are the
 * modes that hold the boundary, set again at every boot.
 */
export function tmpfilesText(place: HostPlace): string {
  const root = onHost(place, place.root);
  const folders: [path: string, mode: string, group: string][] = [
    ['', '0755', user],
    ['/releases', '0755', user],
    ['/deps', '0755', user],
    ['/inbox', '0755', user],
    // An operator proposes here; sticky, so that nobody renames what is another's.
    ['/inbox/operator', '1770', operators],
    ['/receipts', '0755', user],
    ['/receipts/operator', '0750', operators],
    ['/workspaces', '0700', user],
    ['/var', '0755', user],
    ['/var/state', '0750', operators],
    // The group of a trace is the folder's: operators read what runs did.
    ['/var/state/traces', '2750', operators],
    ['/var/incidents', '0750', operators],
    ['/var/intake', '0700', user],
    ['/var/staging', '0700', user],
    ['/var/runs', '0711', user],
    // Sticky: nobody can rename another's request into a new one.
    ['/var/control', '1770', operators],
    ['/var/switches', '0770', operators],
  ];
  const lines = folders.map(([path, mode, group]) => `d ${root}${path} ${mode} ${user} ${group} -`);
  return `# Airlock's folders (airlock install).\n${lines.join('\n')}\n`;
}
