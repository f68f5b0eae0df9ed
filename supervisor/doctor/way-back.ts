import { isThere, rollbackTarget } from '../decide/rollback.ts';
import { kindOf, listFolder } from '../host/files/files.ts';
import { Failure } from '../model/reason.ts';
import { host } from '../model/state.ts';
import type { Ground } from './ground.ts';

/** What really leads back to a good state from here: a remedy that would halt the host is none. */
export function wayBack(ground: Ground): string {
  const { layout, verify } = ground;
  const link = ground.current();
  const whole = (id: string) => kindOf(layout.manifest(id)) === 'file' && verify(id).length === 0;
  if (!readable(ground)) return 'Go back by what the files tell: `airlock rollback`.';
  const target = targetOf(ground, link);
  if (target !== null && whole(target)) return 'Go back to a whole release: `airlock rollback`.';
  const others = listFolder(layout.releases).filter((id) => id !== link && known(ground, id));
  const other = others.reverse().find(whole);
  if (other !== undefined) {
    const what = target === null ? 'No stable release is left' : 'The stable release is not whole';
    return `${what}: go to one that is, on your word: \`airlock rollback --to ${other}\`.`;
  }
  const restore = `restore one in ${layout.releases} from a backup`;
  return `No other release is whole: \`airlock halt --host --reason TEXT\`, then ${restore}.`;
}

/** A damaged journal has a finding of its own. */
function readable({ state }: Ground): boolean {
  try {
    state();
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** Where a plain rollback would go, judged from where the link is. */
function targetOf(ground: Ground, link: string | null): string | null {
  const state = ground.state();
  const moved = { ...host(state), current: link ?? host(state).current };
  return rollbackTarget({ ...state, host: new Map([['host', moved]]) });
}

/** The daemon goes only to a release that is on record, and not being removed. */
const known = (ground: Ground, id: string) =>
  isThere(ground.state(), ground.state().releases.get(id));
