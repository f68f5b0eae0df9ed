import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from '../../supervisor/cli/program.ts';
import { groups } from '../../supervisor/cli/verbs.ts';
import {
  bashCompletion,
  everywhere,
  fishCompletion,
  manualPage,
  zshCompletion,
} from '../../supervisor/install/texts.ts';
import { emptyFolder } from './support/package.ts';

const verbs = groups.flatMap((group) => group.verbs).filter(({ hidden }) => hidden !== true);
const texts = {
  bash: bashCompletion(verbs),
  zsh: zshCompletion(verbs),
  fish: fishCompletion(verbs),
  man: manualPage(verbs, '1.2.3').replaceAll('\\-', '-'),
};
const longOf = (flags: string) => /--[a-z-]+/.exec(flags)?.[0] ?? '';
const optionsOf = (verb: (typeof verbs)[number]) =>
  [...verb.options, ...(verb.required ?? []), ...everywhere].map(([flags]) => longOf(flags));

/** What bash offers at the end of a line. */
function offered(...words: string[]): string[] {
  const script = `${texts.bash}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_airlock
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'change.patch'), '');
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { cwd, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

describe('completions and man page', () => {
  it.each(Object.entries(texts))('%s has every verb and every option', (shell, text) => {
    for (const verb of verbs) {
      for (const word of verb.name.split(' ')) expect(text).toContain(word);
      for (const option of optionsOf(verb)) {
        expect(text, `${verb.name} ${option}`).toContain(
          shell === 'fish' ? `-l ${option.slice(2)}` : option,
        );
      }
    }
  });

  it('knows the options of every verb that the command itself has', () => {
    let help = '';
    const print = (text: string) => {
      help += text;
    };
    try {
      parse(['--help'], { version: '1.2.3', print });
    } catch {
      // It ends by an exception; what it printed counts.
    }
    const known = everywhere.map(([flags]) => longOf(flags)).sort();
    const own = (help.split('\nOptions:')[1] ?? '').split('\n\n')[0] ?? '';
    expect([...own.matchAll(/--[a-z]+(?= |$)/gm)].map(String).sort()).toEqual(known);
  });

  it('bash takes its own without a complaint', () => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: texts.bash, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each(verbs.map((verb) => [verb.name, verb] as const))('bash completes %s', (name, verb) => {
    const words = name.split(' ');
    const head = words.slice(0, -1);
    expect(offered('airlock', ...head, (words.at(-1) ?? '').slice(0, 3))).toContain(words.at(-1));
    expect(offered('airlock', ...words, '--')).toEqual(expect.arrayContaining(optionsOf(verb)));
  });

  it('bash completes behind an option with a value, and paths', () => {
    expect(offered('airlock', '--root', 'halt', 'sta')).toEqual(['start', 'status']);
    expect(offered('airlock', 'propose', 'cha')).toEqual(['change.patch']);
  });

  it('the page has no request that man does not know, and man nothing to warn of', () => {
    const page = manualPage(verbs, '1.2.3');
    const requests = page.split('\n').filter((line) => /^[.']/.test(line));
    expect(requests.filter((line) => !/^\.(TH|SH|SS|TP|PP|B|I|RI|nf|fi)( |$)/.test(line))).toEqual(
      [],
    );
    const file = join(emptyFolder(), 'airlock.1');
    writeFileSync(file, page);
    const args = ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', file];
    const said = spawnSync('man', args, { encoding: 'utf8' });
    // A machine without man has the check above.
    if (said.error === undefined) {
      expect({ status: said.status, stderr: said.stderr }).toEqual({ status: 0, stderr: '' });
    }
  });
});
