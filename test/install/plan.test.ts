import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { carryOut, foresee } from '../../supervisor/install/effects.ts';
import { readPackage, shared, versionsIn } from '../../supervisor/install/package.ts';
import { hostPlace } from '../../supervisor/install/place.ts';
import { type InstallStep, installPlan, uninstallPlan } from '../../supervisor/install/plan.ts';
import { contents, declare, emptyFolder, lock, tinyPackage } from './support/package.ts';

const silent = () => undefined;
const place = (prefix: string, instance: string | null = null) => hostPlace(prefix, instance);

function planned(prefix: string, folder: string, instance: string | null = null): InstallStep[] {
  const at = place(prefix, instance);
  return installPlan(at, readPackage(folder), {
    ...{ policy: { [at.policy]: '# a policy\n' }, start: true },
  });
}

function gone(
  prefix: string,
  purge: boolean,
  others: (string | null)[] = [],
  of = null as string | null,
) {
  const at = place(prefix, of);
  return uninstallPlan(at, shared, { others, versions: versionsIn(at.base), purge });
}

describe('a plan', () => {
  it('lays out program, links, units and folders below a prefix, and nothing else', async () => {
    const prefix = emptyFolder();
    await carryOut(planned(prefix, await tinyPackage()), silent);
    const found = contents(prefix);
    expect(found.get('usr/lib/airlock/current')).toBe('link 0.0.1');
    expect(found.get('usr/bin/airlock')).toBe('link ../lib/airlock/current/bin/airlock');
    expect(found.get('usr/share/man/man1/airlock.1')).toBe(
      'link /usr/lib/airlock/current/share/man/airlock.1',
    );
    expect(found.get('usr/lib/airlock/0.0.1/bin/airlock')).toMatch(/^file 755 /);
    expect(found.get('etc/systemd/system/airlock.service')).toMatch(/^file 644 /);
    expect(found.get('etc/airlock/keys')).toBe('folder 700');
    expect(found.get(`var/lib/airlock/deps/${lock}/one/index.js`)).toMatch(/^file 444 /);
    expect(new Set([...found.keys()].map((path) => path.split('/')[0]))).toEqual(
      new Set(['usr', 'etc', 'var']),
    );
  });

  it('that was cut off after any step is finished by saying it again', async () => {
    const folder = await tinyPackage();
    const whole = emptyFolder();
    await carryOut(planned(whole, folder), silent);
    const steps = planned(whole, folder).length;
    for (let k = 0; k <= steps; k++) {
      const prefix = emptyFolder();
      await carryOut(planned(prefix, folder).slice(0, k), silent);
      await carryOut(planned(prefix, folder), silent);
      expect(contents(prefix), `after ${k} steps`).toEqual(contents(whole));
    }
  });

  it('that was cut off after any step is undone by an uninstall, also one cut off itself', async () => {
    const folder = await tinyPackage();
    const steps = planned(emptyFolder(), folder).length;
    for (let k = 0; k <= steps; k++) {
      const prefix = emptyFolder();
      await carryOut(planned(prefix, folder).slice(0, k), silent);
      const half = gone(prefix, true);
      await carryOut(half.slice(0, k % half.length), silent);
      await carryOut(gone(prefix, true), silent);
      expect([...contents(prefix).keys()], `after ${k} steps`).toEqual([]);
    }
  });

  it('goes on from a copy that was killed half-way', async () => {
    const prefix = emptyFolder();
    const folder = await tinyPackage();
    const { base, root } = place(prefix);
    mkdirSync(join(base, '.unfinished/bin'), { recursive: true });
    writeFileSync(join(base, '.unfinished/bin/airlock'), '#!/bi');
    // Of a version that had more files.
    writeFileSync(join(base, '.unfinished/old.js'), '');
    mkdirSync(join(root, 'deps', `${lock}.part`), { recursive: true });
    writeFileSync(join(root, 'deps', `${lock}.part`, 'half'), '');
    await carryOut(planned(prefix, folder), silent);
    const whole = emptyFolder();
    await carryOut(planned(whole, folder), silent);
    expect(contents(prefix)).toEqual(contents(whole));
  });

  it('takes no dependencies for whole whose unpacking ended half-way', async () => {
    const prefix = emptyFolder();
    const plan = planned(prefix, await tinyPackage());
    const torn = join(emptyFolder(), 'torn.tar.gz');
    const half = plan.map((step): InstallStep => {
      if (step.do !== 'deps') return step;
      const whole = readFileSync(step.from);
      writeFileSync(torn, whole.subarray(0, whole.length / 2));
      return { ...step, from: torn };
    });
    await expect(carryOut(half, silent)).rejects.toThrow(/deps/);
    await carryOut(plan, silent);
    expect(contents(prefix).get(`var/lib/airlock/deps/${lock}/one/index.js`)).toBeDefined();
  });

  it('mends an installed program that was damaged, and leaves a whole one as it is', async () => {
    const prefix = emptyFolder();
    const folder = await tinyPackage();
    await carryOut(planned(prefix, folder), silent);
    const before = contents(prefix);
    const states: string[] = [];
    await carryOut(planned(prefix, folder), (_, state) => states.push(state));
    expect(new Set(states)).toEqual(new Set(['there']));
    appendFileSync(join(place(prefix).base, '0.0.1/dist/cli/airlock.js'), 'x');
    await carryOut(planned(prefix, folder), silent);
    expect(contents(prefix)).toEqual(before);
  });

  it('never writes over a policy', async () => {
    const prefix = emptyFolder();
    const { policy, policyFolder } = place(prefix);
    mkdirSync(policyFolder, { recursive: true });
    writeFileSync(policy, '# mine\n');
    await carryOut(planned(prefix, await tinyPackage()), silent);
    expect(contents(prefix).get('etc/airlock/airlock.yaml')).toMatch(/# mine/);
  });

  it('foreseen says the same lines as done, and does nothing, wherever it stands', async () => {
    const folder = await tinyPackage();
    const steps = planned(emptyFolder(), folder).length;
    for (const begun of [0, 3, Math.floor(steps / 2), steps]) {
      const prefix = emptyFolder();
      const plan = planned(prefix, folder);
      await carryOut(plan.slice(0, begun), silent);
      const before = contents(prefix);
      const [foreseen, done]: string[][] = [[], []];
      await foresee(plan, (line, state) => foreseen?.push(`${state} ${line}`));
      expect(contents(prefix)).toEqual(before);
      await carryOut(plan, (line, state) => done?.push(`${state} ${line}`));
      expect(foreseen, `after ${begun} steps`).toEqual(done);
      expect(done?.filter((line) => line.startsWith('there')).length).toBeGreaterThanOrEqual(begun);
    }
  });

  it('that fails names the step and what to do', async () => {
    const prefix = emptyFolder();
    writeFileSync(join(prefix, 'usr'), 'in the way');
    await expect(carryOut(planned(prefix, await tinyPackage()), silent)).rejects.toMatchObject({
      reason: {
        code: 'install-failed',
        step: 'folder',
        input: `folder ${join(prefix, 'usr/lib/airlock')}`,
        hint: expect.stringContaining('say the same again'),
      },
    });
  });
});

describe('an uninstall', () => {
  it('without --purge keeps policy and state', async () => {
    const prefix = emptyFolder();
    await carryOut(planned(prefix, await tinyPackage()), silent);
    await carryOut(gone(prefix, false), silent);
    const left = [...contents(prefix).keys()];
    expect(left).toContain('etc/airlock/airlock.yaml');
    expect(left).toContain(`var/lib/airlock/deps/${lock}`);
    expect(left.filter((path) => path.startsWith('usr'))).toEqual([]);
  });

  it('leaves what others made: their links, their files, their versions', async () => {
    const prefix = emptyFolder();
    await carryOut(planned(prefix, await tinyPackage()), silent);
    const { base, command } = place(prefix);
    rmSync(command);
    symlinkSync('/opt/other/airlock', command);
    mkdirSync(join(base, 'notes'));
    mkdirSync(join(prefix, 'etc/systemd/system/airlock.service.d'));
    writeFileSync(join(prefix, 'etc/systemd/system/airlock.service.d/own.conf'), '');
    await carryOut(gone(prefix, true), silent);
    const left = [...contents(prefix).keys()];
    expect(left).toContain('usr/bin/airlock');
    expect(left).toContain('usr/lib/airlock/notes');
    expect(left).toContain('etc/systemd/system/airlock.service.d/own.conf');
    expect(left).not.toContain('usr/lib/airlock/0.0.1');
  });

  it('without a name leaves the units of those that have one', async () => {
    const prefix = emptyFolder();
    const folder = await tinyPackage();
    await carryOut(planned(prefix, folder, 'lab'), silent);
    const alone = contents(prefix);
    await carryOut(planned(prefix, folder), silent);
    await carryOut(gone(prefix, true, ['lab']), silent);
    expect(contents(prefix)).toEqual(alone);
  });

  it('of one instance leaves the others whole; the last takes the program along', async () => {
    const prefix = emptyFolder();
    const folder = await tinyPackage();
    await carryOut(planned(prefix, folder), silent);
    const alone = contents(prefix);
    await carryOut(planned(prefix, folder, 'lab'), silent);
    await carryOut(planned(prefix, folder, 'pit'), silent);
    expect(contents(prefix).get('etc/airlock/lab.yaml')).toBeDefined();
    await carryOut(gone(prefix, true, [null, 'pit'], 'lab'), silent);
    const units = () => [...contents(prefix).keys()].filter((path) => path.includes('airlock@'));
    expect(units()).not.toEqual([]);
    expect(contents(prefix).get('etc/airlock/pit.yaml')).toBeDefined();
    expect(contents(prefix).get('etc/airlock/lab.yaml')).toBeUndefined();
    await carryOut(gone(prefix, true, [null], 'pit'), silent);
    expect(contents(prefix)).toEqual(alone);
    await carryOut(gone(prefix, true), silent);
    expect([...contents(prefix).keys()]).toEqual([]);
  });
});

describe('a package', () => {
  const wrong: [what: string, harm: (folder: string) => void, named: string][] = [
    [
      'a byte of it changed',
      (at) => appendFileSync(join(at, 'dist/cli/airlock.js'), ' '),
      'dist/cli/airlock.js',
    ],
    ['a file missing', (at) => rmSync(join(at, 'share/man/airlock.1')), 'share/man/airlock.1'],
    ['a file too many', (at) => writeFileSync(join(at, 'dist/more.js'), ''), 'dist/more.js'],
    ['a link in it', (at) => symlinkSync('/etc/passwd', join(at, 'dist/link')), 'dist/link'],
    [
      'no manifest that can be read',
      (at) => writeFileSync(join(at, 'MANIFEST.json'), '{'),
      'MANIFEST.json',
    ],
  ];
  it.each(wrong)('with %s is refused, and named', async (_what, harm, named) => {
    const folder = await tinyPackage();
    harm(folder);
    expect(() => readPackage(folder)).toThrow(`the package is damaged: ${named}`);
  });

  it('of another platform, or with a path that leaves it, is refused', async () => {
    const folder = await tinyPackage();
    expect(() => readPackage(folder, 'linux-riscv64')).toThrow(/damaged/);
    declare(folder, '../0.0.1');
    expect(() => readPackage(folder)).toThrow(/damaged: MANIFEST/);
  });
});
