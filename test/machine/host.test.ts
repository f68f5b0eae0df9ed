import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InstalledHost, installedHost } from './support/host.ts';

const again = '+ systemd  reads its units again';

/** The main road on a real host: two services, agents that are users of their own. */
describe('an installed host', () => {
  let host: InstalledHost;
  beforeAll(async () => {
    host = await installedHost();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('runs both services, and nobody else can change what a run starts from', () => {
    const { machine } = host;
    expect(machine.sh('systemctl is-active airlock airlock-launcher').exit).toBe(0);
    const { findings } = host.json<{ findings: { check: string; ok: boolean }[] }>('doctor');
    expect(findings.filter((one) => one.check === 'path' && !one.ok)).toEqual([]);
    expect(machine.must('ps -o user= -C node | sort | uniq -c').trim()).toMatch(/airlock/);
  });

  it('sees that all of it is there already, and what is not as it was', () => {
    const foreseen = () => {
      const said = host.machine.must('/usr/bin/airlock install --dry-run 2>&1');
      return said.split('\n').filter((line) => line.startsWith('+'));
    };
    const unit = '/etc/systemd/system/airlock.service';
    expect(foreseen()).toEqual([]);
    host.machine.must('chmod 755 /var/lib/airlock/var/intake');
    expect(foreseen()).toEqual(['+ folders  as /usr/lib/tmpfiles.d/airlock.conf says']);
    host.machine.must(`cp ${unit} /root/unit && echo '# more' >>${unit}`);
    const edited = [`+ file     ${unit}`, expect.stringContaining('+ folders'), again];
    expect(foreseen()).toEqual(edited);
    // Put back by another hand: systemd has not read it yet.
    host.machine.must(`chmod 700 /var/lib/airlock/var/intake; cp /root/unit ${unit}`);
    expect(foreseen()).toEqual([again]);
    expect(host.airlock('install').exit).toBe(0);
    expect(foreseen()).toEqual([]);
  });

  it('tells who starts the daemon when it does not run', () => {
    host.machine.must('systemctl stop airlock');
    const { needs } = host.json<{ needs: { verb: string }[] }>('status');
    const applied = host.airlock('policy', 'apply', '/etc/airlock/airlock.yaml');
    host.machine.must('systemctl start airlock');
    expect(needs.map((one) => one.verb)).toContain('systemctl start airlock');
    expect(applied.exit).toBe(5);
    expect(applied.stderr).toContain('then `systemctl start airlock`: it is tried at the first');
  });

  it('gives each agent a user, and closes their folders to each other', () => {
    const users = host.machine.must('grep -o "^al-[a-z]*" /etc/passwd').trim().split('\n');
    expect(users.sort()).toEqual(['al-ada', 'al-ben', 'al-cleo']);
    expect(() => host.as('ada', 'ls /var/lib/airlock/inbox/ben')).toThrow('Permission denied');
    expect(() => host.as('ada', 'ls /var/lib/airlock/workspaces')).toThrow('Permission denied');
    expect(() => host.as('ada', 'touch /var/lib/airlock/var/switches/host')).toThrow();
  });

  it('takes a change from an agent, tries it and makes it current; rolls back; halts', async () => {
    const before = host.current;
    host.drop('cleo', 'better', { 'app/prompt.md': 'Better.\n' });
    await host.reaches('better', 'stable');
    expect(host.current).not.toBe(before);
    expect(host.airlock('rollback', '--reason', 'a test').exit).toBe(0);
    expect(host.current).toBe(before);
    expect(host.airlock('halt', '--host', '--reason', 'a test').exit).toBe(0);
    expect(host.airlock('run', 'ada').exit).not.toBe(0);
    expect(host.airlock('resume', '--host').exit).toBe(0);
    expect(host.airlock('run', 'ada').exit).toBe(0);
  });

  it('takes another policy when current passes under it, and goes back', () => {
    const { machine } = host;
    const other = (name: string, from: string, to: string) => {
      machine.must(`sed 's|${from}|${to}|' /etc/airlock/airlock.yaml >/root/${name}.yaml`);
      return host.airlock('policy', 'apply', `/root/${name}.yaml`);
    };
    expect(other('longer', 'for: 1s', 'for: 2s')).toMatchObject({ exit: 0 });
    // Read by somebody of the operators' group, who is neither root nor the supervisor.
    const operator = 'setpriv --reuid 65534 --regid airlock-operators --clear-groups airlock';
    expect(machine.must(`${operator} policy diff`).trim()).toBe('They mean the same.');
    const broken = other('broken', 'kernel/main.mjs', 'kernel/nothing.mjs');
    expect(broken).toMatchObject({ exit: 3, stderr: expect.stringContaining('does not pass') });
    expect(host.airlock('run', 'ada').exit).toBe(0);
    expect(machine.must(`${operator} policy diff`).trim()).toBe('They mean the same.');
    expect(host.airlock('policy', 'rollback').exit).toBe(0);
    expect(machine.must(`${operator} policy diff`)).toContain('bake.for');
    expect(machine.must(`${operator} doctor; true`)).toContain('the policy file was not taken');
    expect(host.airlock('policy', 'apply').exit).toBe(0);
  });

  it('comes back from a backup as what it was: ours, readable, and at work', async () => {
    const { machine } = host;
    host.drop('ada', 'kept', { 'app/kept.md': 'Kept.\n' });
    await host.reaches('kept', 'stable');
    const was = host.current;
    expect(host.airlock('backup', '/root').exit).toBe(0);
    // Folders of ROOT and of var/, with whose they are and who may do what there. Whose an agent's
    // receipts are, a start sees to.
    const print = "-printf '%p %u:%g %m\\n' | sort";
    const apart = "-not -name '.*' -not -name 'before-restore-*' -not -path './[rd]e*/*'";
    const folders = `cd /var/lib/airlock; find . -maxdepth 2 -type d ${apart} ${print}`;
    const had = machine.must(folders);
    expect(had).toContain('./var/switches airlock:airlock-operators 770');
    expect(had).toContain('./var/control airlock:airlock-operators 1770');
    const live = host.airlock('restore', '/root/nosuch.tar.gz');
    machine.must('systemctl stop airlock');
    const absent = host.airlock('restore', '/root/nosuch.tar.gz');
    const [file = ''] = machine.must('ls /root/airlock-backup-*').trim().split('\n');
    const restored = host.airlock('restore', file, '--replace');
    expect(machine.must(folders)).toBe(had);
    machine.must('systemctl start airlock');
    expect(live.stderr).toContain('Stop it first: `systemctl stop airlock`');
    expect(absent.stderr).toContain('there is no file /root/nosuch.tar.gz (not-found)');
    expect(restored).toMatchObject({ exit: 0 });
    expect(restored.stdout).toContain('then `systemctl start airlock`');
    const strange = `find /var/lib/airlock -not -user airlock -not -path '*/var/before-restore-*'
      -not -path '*/inbox/*' -not -path '*/workspaces/*' -not -path '*/var/switches/*'
      -not -path '*/var/control/*'`;
    expect(machine.must(strange.replaceAll('\n', ' '))).toBe('');
    const { findings } = host.json<{ findings: { check: string; ok: boolean }[] }>('doctor');
    expect(findings.filter((one) => one.check === 'path' && !one.ok)).toEqual([]);
    expect(host.airlock('install', '--dry-run').exit).toBe(0);
    const operator = 'setpriv --reuid 65534 --regid airlock-operators --clear-groups airlock';
    expect(machine.must(`${operator} status --json`)).toContain(was);
    machine.must(
      `${operator} halt --agent ben --reason 'a test' && ${operator} resume --agent ben`,
    );
    expect(host.airlock('run', 'ada').exit).toBe(0);
    expect(host.as('ada', 'cat /var/lib/airlock/receipts/ada/*.json')).toContain('stable');
    host.drop('ada', 'later', { 'app/later.md': 'Later.\n' });
    await host.reaches('later', 'stable');
  });

  it('tells journald priorities and fields, and no text of a line can forge one', async () => {
    const { machine } = host;
    host.airlock('halt', '--host', '--reason', 'line\nPRIORITY=0\nAIRLOCK_FORGED=yes');
    host.airlock('resume', '--host');
    const lines = machine.journal('airlock');
    const started = lines.find((line) => line.MESSAGE === 'started');
    expect(started).toMatchObject({
      ...{ PRIORITY: '6', SYSLOG_IDENTIFIER: 'airlock', AIRLOCK_ROOT: '/var/lib/airlock' },
      _SYSTEMD_UNIT: 'airlock.service',
    });
    const head = lines.find((line) => line.MESSAGE === 'journal head');
    expect(JSON.parse(head?.AIRLOCK_JOURNAL_HEAD ?? '{}')).toMatchObject({
      seq: expect.anything(),
    });
    expect(lines.filter((line) => 'AIRLOCK_FORGED' in line)).toEqual([]);
    const stopped = 'systemctl stop airlock; journalctl --sync; journalctl -u airlock -o cat -n 20';
    expect(machine.must(stopped)).toContain('stopped');
    machine.must('systemctl start airlock');
  });
});
