import { describe, expect, it } from 'vitest';
import { parse } from '../../supervisor/cli/program.ts';
import { groups } from '../../supervisor/cli/verbs.ts';

/** Contract, section 3, less what comes with the next issue. */
const contract =
  'init start status propose withdraw approvals unbar proposals releases runs incidents log show ' +
  'diff approve reject promote abort rollback lock unlock halt resume run cancel trace doctor verify';
/** What a host needs beyond the contract's table (issue 3). */
const host = 'install upgrade uninstall backup restore acknowledge';

const verbs = groups.flatMap((group) => group.verbs);

function parsed(...argv: string[]) {
  let printed = '';
  const print = (text: string) => {
    printed += text;
  };
  try {
    return { parsed: parse(argv, { version: '1.2.3', print }), printed, code: null };
  } catch (error) {
    return { parsed: null, printed, code: (error as { code: string }).code };
  }
}

describe('the command line', () => {
  it('has every verb of the contract, each once, each with its code', async () => {
    const shown = verbs.filter((one) => !one.hidden);
    const names = shown.map((one) => one.name).toSorted();
    const policy = ['check', 'diff', 'schema', 'apply', 'rollback'].map((one) => `policy ${one}`);
    const two = [...policy, 'model test'];
    expect(names).toEqual([...contract.split(' '), ...host.split(' '), ...two].toSorted());
    for (const one of verbs) expect((await one.load()).verb).toBeTypeOf('function');
  });

  it.each(verbs.map((one) => [one.name]))('%s has a help of its own', (name) => {
    const { printed, code } = parsed(...name.split(' '), '--help');
    expect(code).toBe('commander.helpDisplayed');
    expect(printed).toContain(`Usage: airlock ${name}`);
    for (const option of ['--root', '--policy', '--json']) expect(printed).toContain(option);
  });

  it.each([
    ['after the verb', ['runs', '--limit', '3', '--root', '/r', '--json']],
    ['before it', ['--root', '/r', '--json', 'runs', '--limit', '3']],
  ])('takes the common options %s', (_where, argv) => {
    expect(parsed(...argv).parsed?.options).toEqual({ root: '/r', json: true, limit: '3' });
  });

  it('hands over arguments, and leaves out those that are not there', () => {
    expect(parsed('run', 'maker').parsed?.args).toEqual(['maker']);
    expect(parsed('run', 'maker', 'task').parsed?.args).toEqual(['maker', 'task']);
    expect(parsed('policy', 'diff', 'x.yaml').parsed?.args).toEqual(['x.yaml']);
  });

  it.each([
    ['an unknown verb', ['rolback'], 'commander.unknownCommand'],
    ['an unknown option', ['status', '--wach'], 'commander.unknownOption'],
    ['a missing argument', ['show'], 'commander.missingArgument'],
    ['an argument too many', ['status', 'x'], 'commander.excessArguments'],
    ['no digest', ['approve', 'p'], 'commander.missingMandatoryOptionValue'],
    ['no reason', ['reject', 'p'], 'commander.missingMandatoryOptionValue'],
    ['half a verb', ['policy'], 'commander.help'],
  ])('refuses %s', (_what, argv, code) => expect(parsed(...argv).code).toBe(code));

  it('alone gives an overview by purpose', () => {
    const { printed } = parsed();
    for (const { title } of groups) expect(printed).toContain(`${title}:`);
  });

  it('says its version', () => expect(parsed('--version').printed).toBe('1.2.3\n'));
});
