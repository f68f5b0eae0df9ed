#!/usr/bin/env node
// The command as npm links it: the built one, or a word on how to build it.
const built = new URL('../../dist/cli/airlock.js', import.meta.url);
try {
  await import(built.href);
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== built.href) throw error;
  console.error('airlock is not built yet: run `npm ci`, or `npm run build`, in its folder.');
  process.exitCode = 1;
}
