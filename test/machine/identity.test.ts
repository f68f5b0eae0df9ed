import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Request, Verb } from '../../supervisor/model/request.ts';
import { type InstalledHost, installedHost } from './support/host.ts';
import type { Said } from './support/machine.ts';

const root = '/var/lib/airlock';

interface Told {
  id: string;
  phase: string;
  digest: string;
  release?: string | null;
}

interface Examined {
  ok: boolean;
  unseen: string[];
  findings: { check: string; ok: boolean; severity: string; remedy: string | null }[];
}

/** Who is who on a real host: agents outside of any sandbox, and operators who are not root. */
describe('identity on an installed host', () => {
  let host: InstalledHost;
  beforeAll(async () => {
    host = await installedHost();
    host.machine.must('for o in olga oskar; do useradd -m -G airlock-operators $o; done');
    host.machine.must('useradd -m passer');
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  /** The command as one of the host's people. */
  const says = (user: string, ...args: string[]): Said =>
    host.machine.run(['runuser', '-u', user, '--', '/usr/bin/airlock', ...args]);
  const told = (user: string, ...args: string[]) => {
    const said = says(user, ...args, '--json');
    return { exit: said.exit, ...JSON.parse(said.stdout || `{"stderr": "${said.exit}"}`) };
  };
  const proposal = (drop: string) => host.proposal(drop) as unknown as Told;
  const receipt = (agent: string, id: string) =>
    JSON.parse(host.machine.must(`cat ${root}/receipts/${agent}/${id}.json`));

  it('lets an agent read its own receipts, and nothing that is another’s or ours', async () => {
    host.drop('ada', 'kernel', { 'kernel/note.txt': 'a note\n' });
    await host.reaches('kernel', 'awaiting-approval');
    const { id, digest } = proposal('kernel');
    const own = `${root}/receipts/ada/${id}.json`;
    expect(JSON.parse(host.as('ada', `cat ${own}`))).toMatchObject({ id });
    expect(host.airlock('halt', '--agent', 'cleo', '--reason', 'a test').exit).toBe(0);
    const before = host.machine.must(`cat ${own}; ls ${root}/var/control ${root}/var/switches`);
    const approval = JSON.stringify({ verb: 'approve', proposal: id, digest });
    const tries = [
      `echo '${approval}' >${root}/var/control/20260101T000000Z-x.json`,
      `ls ${root}/var/control`,
      `/usr/bin/airlock approve ${id} --digest ${digest}`,
      `/usr/bin/airlock promote ${id} --reason mine`,
      '/usr/bin/airlock resume --agent cleo',
      '/usr/bin/airlock halt --host --reason mine',
      '/usr/bin/airlock rollback --reason mine',
      '/usr/bin/airlock policy apply',
      '/usr/bin/airlock policy rollback',
      `echo >${root}/var/switches/host`,
      `rm ${root}/var/switches/agent.cleo`,
      `mv ${root}/var/switches ${root}/var/mine`,
      `echo >>${own}`,
      `rm -f ${own}`,
      `mv ${root}/receipts/ada ${root}/receipts/mine`,
      `echo >${root}/receipts/ada/forged.json`,
      `ls ${root}/receipts/ben`,
      `ls ${root}/receipts/operator`,
      `ls ${root}/inbox/ben`,
      `echo >${root}/inbox/ben/mine.patch`,
      `ls ${root}/workspaces/ben`,
      `cat ${root}/var/state/journal.db`,
      `ls ${root}/var/state`,
      `ls ${root}/var/state/traces`,
      `ls ${root}/var/intake`,
      `cat ${root}/var/intake/${id}/seal.json`,
    ];
    // What is tried is there.
    const there = `receipts/ben receipts/operator inbox/ben workspaces/ben var/state/journal.db
      var/state/traces var/intake/${id}/seal.json var/switches/agent.cleo`;
    host.machine.must(`cd ${root} && ls -d ${there.replaceAll('\n', ' ')}`);
    const verbs = tries.filter((one) => one.startsWith('/usr/bin/airlock'));
    const misspelt = verbs.filter((one) => says('al-ada', ...one.split(' ').slice(1)).exit === 2);
    expect(misspelt).toEqual([]);
    const done = tries.filter((one) => {
      try {
        host.as('ada', one);
        return true;
      } catch {
        return false;
      }
    });
    expect(done).toEqual([]);
    expect(host.machine.must(`cat ${own}; ls ${root}/var/control ${root}/var/switches`)).toBe(
      before,
    );
    expect(proposal('kernel').phase).toBe('awaiting-approval');
    expect(host.airlock('resume', '--agent', 'cleo').exit).toBe(0);
  });

  it('answers not-operator to whatever an agent’s file asks, were it to get in', async () => {
    // Its folder is closed to agents: root puts there what one would have written.
    const { id, digest } = proposal('kernel');
    const policy = host.machine.must('sha256sum </etc/airlock/airlock.yaml').slice(0, 64);
    const asks: Record<Verb, Omit<Request, 'verb'>> = {
      approve: { proposal: id, digest },
      reject: { proposal: id, reason: '' },
      withdraw: { proposal: id },
      promote: { proposal: id, reason: '' },
      abort: { reason: '' },
      rollback: { to: null, keep: false, reason: '', flipped: null },
      unbar: { digest, reason: '' },
      acknowledge: { reason: '' },
      'policy-apply': { digest: policy },
      'policy-rollback': { reason: '' },
      run: { agent: 'ada', path: null },
      cancel: { run: 'x' },
    };
    const before = [proposal('kernel').phase, host.current];
    const place = (verb: string) => `${root}/var/control/forged-${verb}`;
    const answers = Object.entries(asks).map(async ([verb, more]) => {
      const temporary = `${root}/var/control/.forged-${verb}`;
      const text = JSON.stringify({ verb, ...more });
      host.machine.must(
        `echo '${text}' >${temporary} && chown al-ada ${temporary} &&
        mv ${temporary} ${place(verb)}.json`,
      );
      await host.machine.until(`test -s ${place(verb)}.answer.json`, `an answer to ${verb}`);
      const said = JSON.parse(host.machine.must(`cat ${place(verb)}.answer.json`));
      return [verb, said.ok, said.reason?.code, said.reason?.actual];
    });
    const refused = Object.keys(asks).map((verb) => [verb, false, 'not-operator', 'al-ada']);
    expect(await Promise.all(answers)).toEqual(refused);
    expect([proposal('kernel').phase, host.current]).toEqual(before);
  });

  it.each([
    ['ben', 'al-ben'],
    ['root', 'root'],
  ])('refuses what %s put into ada’s inbox, naming both', async (name, user) => {
    const drop = `of-${name}`;
    const place = `${root}/inbox/ada/${drop}`;
    host.machine.must(
      `cd /root && mkdir -p ${drop}/files/app && echo x >${drop}/files/app/x.md &&
      printf 'title: t\\nwhy: w\\n' >${drop}/proposal.yaml && chown -R ${user} ${drop} &&
      mv ${drop} ${place}`,
    );
    await host.reaches(drop, 'refused');
    const { reason } = receipt('ada', proposal(drop).id);
    expect(reason).toMatchObject({ code: 'wrong-owner', expected: 'al-ada', actual: user });
  });

  it('lets an operator who is no root see everything, and nobody else', () => {
    const run = host.json<{ run: string }>('run', 'ada').run;
    const { id } = proposal('kernel');
    const looks = [['status'], ['proposals'], ['show', id], ['log'], ['trace', run]];
    const failed = looks.filter((args) => says('olga', ...args).exit !== 0);
    expect(failed.map((args) => [args, says('olga', ...args)])).toEqual([]);
    expect(looks.filter((args) => says('passer', ...args).exit === 0)).toEqual([]);
  });

  it('names to an operator what the doctor may not see, and calls none of it broken', () => {
    const seen = (user: string) => told(user, 'doctor') as unknown as Examined & Said;
    const olga = seen('olga');
    const wrong = ({ findings }: Examined) => findings.filter((one) => one.severity === 'error');
    expect([olga.exit, olga.ok, wrong(olga)]).toEqual([0, true, []]);
    expect(olga.unseen).toEqual(['path', 'history', 'models', 'inboxes']);
    const notes = olga.findings.filter((one) => !one.ok && one.severity === 'note');
    expect(new Set(notes.map((one) => one.remedy))).toEqual(
      new Set(['As root: `airlock doctor`.']),
    );
    const page = says('olga', 'doctor').stdout;
    expect(page).toContain('4 checks could not look at everything: path, history, models, inbox');
    expect(page).not.toContain('Nothing is broken');
    expect([seen('root').unseen, host.airlock('doctor').stdout]).toEqual([
      [],
      expect.stringContaining('Nothing is broken.'),
    ]);
    // A stranger sees less, and that is no fault either.
    expect([seen('passer').exit, wrong(seen('passer'))]).toEqual([0, []]);
    expect(seen('passer').unseen).toContain('journal');
  });

  it('takes for broken what is closed to the supervisor itself', () => {
    host.machine.must(`chmod 0 ${root}/var/state/history`);
    const { ok, findings } = told('airlock', 'doctor') as unknown as Examined;
    host.machine.must(`chmod 700 ${root}/var/state/history`);
    const history = findings.find((one) => one.check === 'history');
    expect([ok, history?.severity]).toEqual([false, 'error']);
  });

  it.each(['al-ada', 'passer'])('tells %s whom to ask, not that no daemon runs', (user) => {
    const asks = [
      ['status'],
      ['runs'],
      ['approve', proposal('kernel').id, '--digest', proposal('kernel').digest],
      ['policy', 'apply'],
      ['rollback', '--reason', 'mine'],
      ['halt', '--host', '--reason', 'mine'],
    ];
    const answers = asks.map((args) => {
      const { exit, reason } = told(user, ...args);
      return [args[0], exit, reason.code, reason.message.includes(` is closed to ${user}`)];
    });
    expect(answers).toEqual(asks.map(([verb]) => [verb, 1, 'not-operator', true]));
    expect(says(user, 'status').stderr).toContain('as a member of the group airlock-operators');
  });

  it('lets operators halt, resume and reject; one who proposed does not approve', async () => {
    expect(says('olga', 'halt', '--host', '--reason', 'a test')).toMatchObject({ exit: 0 });
    expect(says('oskar', 'resume', '--host')).toMatchObject({ exit: 0 });
    const held = proposal('kernel');
    expect(says('olga', 'reject', held.id, '--reason', 'no')).toMatchObject({ exit: 0 });
    host.machine.must(
      `cd /home/olga && mkdir -p hers/files/kernel && echo x >hers/files/kernel/hers.txt &&
      printf 'title: t\\nwhy: w\\n' >hers/proposal.yaml && chown -R olga hers`,
    );
    expect(says('olga', 'propose', '/home/olga/hers')).toMatchObject({ exit: 0 });
    await host.reaches('hers', 'awaiting-approval');
    const { id } = proposal('hers');
    const { digest } = host.json<Told>('show', id);
    const mine = told('olga', 'approve', id, '--digest', digest);
    expect(mine).toMatchObject({ exit: 3, reason: { code: 'own-proposal', actual: 'olga' } });
    // Nor does she make it current past canary and bake.
    const release = host.json<Told>('show', id).release ?? '';
    expect(release).not.toBe('');
    const back = told('olga', 'rollback', '--to', release, '--reason', 'mine');
    expect(back).toMatchObject({ exit: 3, reason: { code: 'own-proposal' } });
    const other = says('passer', 'approve', id, '--digest', digest);
    expect(other.exit).not.toBe(0);
    expect(proposal('hers').phase).toBe('awaiting-approval');
    const before = host.current;
    expect(says('oskar', 'approve', id, '--digest', digest)).toMatchObject({ exit: 0 });
    // The same word once more is no second approval.
    expect(told('oskar', 'approve', id, '--digest', digest).reason.code).toBe('wrong-phase');
    await host.reaches('hers', 'stable');
    expect(says('olga', 'rollback', '--reason', 'a test')).toMatchObject({ exit: 0 });
    expect(host.current).toBe(before);
    // Its proposal has ended and is forgotten: the bar still knows whose it was.
    const lifts = ['unbar', digest.slice(0, 12), '--reason', 'mended'];
    expect(told('olga', ...lifts)).toMatchObject({ exit: 3, reason: { code: 'own-proposal' } });
    expect(says('oskar', ...lifts)).toMatchObject({ exit: 0 });
  });

  it.each(['upgrade', 'uninstall'])('says to an operator that %s takes root', (verb) => {
    const { exit, stderr } = says('olga', verb, ...(verb === 'upgrade' ? ['/host/package'] : []));
    expect([exit, stderr.split('\n')[0]]).toEqual([2, `only root can ${verb} a service (usage)`]);
    expect(stderr.includes('--dry-run')).toBe(verb === 'uninstall');
  });

  it('says to an operator that a backup and another policy take root', () => {
    host.machine.must('cp /etc/airlock/airlock.yaml /tmp/other.yaml; echo >>/tmp/other.yaml');
    const asked = [
      says('olga', 'backup', '/tmp'),
      says('olga', 'policy', 'apply', '/tmp/other.yaml'),
    ];
    for (const { exit, stderr } of asked) {
      expect([exit, stderr]).toEqual([2, expect.stringContaining('Say it as root.')]);
    }
    expect(asked[1]?.stderr).toContain('you may not change /etc/airlock/airlock.yaml (usage)');
  });

  it('makes nobody propose as an agent', () => {
    const as = host.airlock('propose', '/home/olga/hers', '--as', 'ada');
    expect(as.exit).toBe(2);
    expect(as.stdout + as.stderr).toContain('an agent drops its proposals itself');
  });

  it('tells an operator who rolls back without the daemon that it takes root', async () => {
    host.machine.must('systemctl stop airlock');
    const said = says('olga', 'rollback', '--reason', 'a test');
    const halts = [
      says('olga', 'halt', '--host', '--reason', 'a test').exit,
      says('oskar', 'resume', '--host').exit,
    ];
    // What an agent asked for is not taken up with what else waits.
    const forged = { verb: 'rollback', to: null, keep: false, reason: '', flipped: null };
    const file = `${root}/var/control/forged-alone`;
    host.machine.must(
      `echo '${JSON.stringify(forged)}' >${file}.json && chown al-ada ${file}.json`,
    );
    const asRoot = host.airlock('rollback', '--reason', 'a test');
    const alone = host.machine.sh(`ls ${file}.answer.json`).exit;
    host.machine.must('systemctl start airlock');
    await host.machine.until(`test -s ${file}.answer.json`, 'an answer to the agent');
    expect(alone).not.toBe(0);
    expect(JSON.parse(host.machine.must(`cat ${file}.answer.json`))).toMatchObject({
      reason: { code: 'not-operator', actual: 'al-ada' },
    });
    expect(halts).toEqual([0, 0]);
    expect(said.exit).not.toBe(0);
    expect(said.stderr).toContain('a rollback takes root');
    // Root gets as far as the releases: the only other one is barred by now, or it is taken.
    expect(asRoot.stderr + asRoot.stdout).not.toContain('takes root');
  });
});
