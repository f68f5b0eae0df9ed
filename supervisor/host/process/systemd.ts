import { call, mustCall } from './call.ts';

/** Talking to the service manager of this host: one function a verb, each may be said again. */
export const systemd = {
  /** A service manager runs here, and is systemd. */
  async there(): Promise<boolean> {
    return (await call('systemctl', ['show', '-p', 'Version'])).exit === 0;
  },
  /** It has read its Airlock units as they are now. */
  async isFresh(): Promise<boolean> {
    const about = ['show', '-p', 'NeedDaemonReload', '--value', 'airlock*'];
    return !(await call('systemctl', about)).stdout.includes('yes');
  },
  reload: () => mustCall('systemctl', ['daemon-reload'], 'reload units'),
  enable: (units: readonly string[]) => mustCall('systemctl', ['enable', ...units], 'enable'),
  start: (units: readonly string[]) => mustCall('systemctl', ['start', ...units], 'start'),
  /** Begins to restart them, whatever comes of it: their state tells. */
  async restarting(units: readonly string[]): Promise<void> {
    await call('systemctl', ['reset-failed', ...units]);
    await mustCall('systemctl', ['restart', '--no-block', ...units], 'restart');
  },
  /** `active`, `activating`, `failed`, ...: failed in stopping, it is still to be started. */
  async stateOf(unit: string, within?: number): Promise<string> {
    const about = ['show', '-p', 'ActiveState', '-p', 'Job', unit];
    const { stdout } = await call('systemctl', about, within);
    const [, state = ''] = /^ActiveState=(.*)$/m.exec(stdout) ?? [];
    return state === 'failed' && /^Job=[1-9]/m.test(stdout) ? 'activating' : state;
  },
  /** The last lines that a unit logged; null where nobody knows. */
  async lastWords(unit: string): Promise<string | null> {
    const { stdout } = await call('journalctl', ['-u', unit, '-n', '5', '-o', 'cat', '--no-pager']);
    return stdout.trim().slice(-2000) || null;
  },
  /** Units that are not there, or do not run, are fine. */
  async stop(units: readonly string[]): Promise<void> {
    await mustCall('systemctl', ['stop', ...units], 'stop', { good: [0, 5] });
    await call('systemctl', ['reset-failed', ...units]);
  },
  async disable(units: readonly string[]): Promise<void> {
    await call('systemctl', ['disable', ...units]);
  },
  async isEnabled(unit: string): Promise<boolean> {
    return (await call('systemctl', ['is-enabled', unit])).exit === 0;
  },
  async isActive(unit: string): Promise<boolean> {
    return (await call('systemctl', ['is-active', unit])).exit === 0;
  },
  users: (file: string) => mustCall('systemd-sysusers', [file], 'make users'),
  modes: (file: string) => mustCall('systemd-tmpfiles', ['--create', file], 'make folders'),
};
