/** All that a tool of the host gets of our environment: keys may be in the rest of it. */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG } = process.env;
  return { PATH, ...(HOME && { HOME }), ...(LANG && { LANG }) };
}
