import { daemonState } from '../../store/daemon.ts';
import { type Call, exits, flag, type Result, usage } from '../call.ts';
import { statusText } from '../pages/status.ts';
import { readPicture } from '../picture.ts';
import { startAgainOf, startOf } from '../place.ts';
import { needsOf } from '../shape/needs.ts';
import { type Status, statusShape } from '../shape/status.ts';
import { redraw } from '../watch.ts';

/** What needs you, and the whole picture; with --watch again and again. */
export async function verb(call: Call): Promise<Result> {
  if (flag(call, 'watch')) return watching(call);
  const status = look(call, await startHere(call));
  const exit = flag(call, 'check') && status.needs.length > 0 ? exits.failed : exits.done;
  const count = status.needs.length;
  const fault = () => `${count} ${count === 1 ? 'thing needs' : 'things need'} you: see the top`;
  return { exit, json: status, text: () => page(call, status), fault };
}

async function watching(call: Call): Promise<Result> {
  if (call.json) throw usage('--watch has no --json: ask again and again instead');
  const folders = [call.layout.state, call.layout.switches];
  const start = await startHere(call);
  await redraw({ folders, terminal: call.terminal, page: () => page(call, look(call, start)) });
  return { exit: exits.done, json: null, text: () => '' };
}

const startHere = async ({ layout, place }: Call): Promise<string> =>
  daemonState(layout).running ? startOf(place) : startAgainOf(place);

function look(call: Call, start: string): Status {
  const picture = { ...readPicture(call), start };
  return statusShape(picture, needsOf(picture));
}

const page = (call: Call, status: Status) =>
  statusText(status, { paint: call.paint, at: call.now() });
