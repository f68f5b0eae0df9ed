import { readyGroups } from '../cgroup/ground.ts';
import { makeFolder } from '../files/files.ts';
import { openLog } from '../log.ts';
import { tellServiceManager } from '../process/notify.ts';
import { findPrograms } from '../process/programs.ts';
import { confine } from '../sandbox/confine.ts';
import { offersOf } from './port.ts';
import { premisesOf } from './premises.ts';
import { openLauncher } from './server.ts';

/** The launcher in the foreground, until a signal ends it. Resolves with the exit code. */
export async function serveLauncher(options: { socket: string; root: string }): Promise<number> {
  const { socket, root } = options;
  const log = openLog();
  makeFolder(root);
  const premises = premisesOf(root, findPrograms());
  const ended = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  const ground = await readyGroups(process.env.AIRLOCK_CGROUP, true);
  const launcher = await openLauncher({
    ...{ socket, premises },
    confine: (spec, limits) => confine(spec, limits, ground),
    offers: offersOf(ground, process.getuid?.() === 0),
  });
  log.info('launcher ready', { socket, root, groups: ground?.plots ?? [] });
  await tellServiceManager(['--ready']);
  log.info('launcher stopping', { why: await ended });
  await launcher.close();
  return 0;
}
