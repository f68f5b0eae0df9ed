import { bad, type Finding, good } from '../finding.ts';

const floor = { major: 20, minor: 19 };

/** Node is new enough for what we are built of. */
export function node(): Finding[] {
  return [judge(process.versions.node)];
}

export function judge(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > floor.major || (major === floor.major && minor >= floor.minor);
  if (enough) return good(`Node ${version}`);
  const needed = `${floor.major}.${floor.minor}`;
  return bad(`Node ${version} is too old`, `Install Node ${needed} or newer; 24 is recommended.`);
}
