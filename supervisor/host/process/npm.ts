import { delimiter, dirname } from 'node:path';
import { execa } from 'execa';

export interface NpmCall {
  npm: string;
  /** The interpreter that runs it: npm's own first line may find another one. */
  node: string;
  folder: string;
  args: string[];
  /** Milliseconds. */
  timeout: number;
  /** Ends it early. */
  signal?: AbortSignal | undefined;
}

export interface NpmAnswer {
  /** null when it was ended by a signal, or by the timeout. */
  exit: number | null;
  timedOut: boolean;
  stdout: string;
  /** The end of it. */
  stderr: string;
}

/** All that npm gets of our environment: where its settings and cache are, and the way out. */
const settings = 'registry|cache|userconfig|cafile|proxy|https_proxy|noproxy';
const certificates = 'node_extra_ca_certs|ssl_cert_file|ssl_cert_dir';
const passed = new RegExp(
  `^(HOME|LANG|TMPDIR|https?_proxy|no_proxy|${certificates}|npm_config_(${settings}))$`,
  'i',
);

/** Run npm in a folder; its exit code is an answer. */
export async function runNpm(call: NpmCall): Promise<NpmAnswer> {
  const { npm, node, folder, args, timeout, signal } = call;
  const env: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (passed.test(name)) env[name] = value;
  }
  env.PATH = [dirname(node), process.env.PATH].join(delimiter);
  const result = await execa(npm, args, {
    cwd: folder,
    env,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    forceKillAfterDelay: 2000,
    maxBuffer: 4 * 1024 * 1024,
  });
  const exit = result.exitCode ?? null;
  const words = result.stderr || result.shortMessage || '';
  return { exit, timedOut: result.timedOut, stdout: result.stdout, stderr: words.slice(-4000) };
}
