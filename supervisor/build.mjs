// Builds the command and the entries of threads and of the tries: `node supervisor/build.mjs [folder]` (dist).
// Split, so that a verb loads only what it needs; whitespace goes, because parsing costs time.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * zod's fifty translations of its messages are half of what most verbs would load, and nobody asks
 * for one: only the English it falls back to stays.
 */
const englishOnly = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => {
      return { contents: "export { default as en } from './en.js';" };
    });
  },
};

await build({
  entryPoints: [here('cli/airlock.ts'), here('act/worker.ts'), here('host/path/tries.ts')],
  outbase: here('.'),
  outdir: process.argv[2] ?? here('../dist'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [englishOnly],
  // Packages written as CommonJS ask for Node's own modules by require().
  banner: {
    js: "import{createRequire as airlockRequire}from'node:module';const require=airlockRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
