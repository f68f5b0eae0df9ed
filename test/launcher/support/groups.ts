import { randomInt } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { killIn, removeGroup } from '../../../supervisor/host/cgroup/kill.ts';
import { groupTrees } from '../../../supervisor/host/cgroup/mounts.ts';

export interface TestGroup {
  /** For `AIRLOCK_CGROUP`. */
  path: string;
  /** Groups of runs that are there, in every tree. */
  runs(): string[];
  /** The folders of runs' groups. */
  folders(): string[];
}

/** A group of this test's own below every tree; everything in it is ended and removed with it. */
export function givenGroup(): TestGroup {
  const path = `/airlock-test-${randomInt(10 ** 7, 10 ** 8)}`;
  const folders = () => groupTrees().map(({ folder }) => `${folder}${path}/runs`);
  const there = () => folders().filter((one) => existsSync(one));
  const groups = (folder: string) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((one) => one.isDirectory())
      .map((one) => `${folder}/${one.name}`);
  const runs = () => there().flatMap(groups);
  onTestFinished(async () => {
    const bases = folders().map((one) => one.slice(0, -'/runs'.length));
    while (!bases.map(removeGroup).every(Boolean)) {
      killIn(runs());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  return { path, runs, folders: there };
}
