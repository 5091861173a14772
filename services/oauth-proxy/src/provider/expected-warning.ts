/**
 * To be imported before oidc-provider, which on Node 20 says `Unsupported runtime` as soon as it is loaded, as a line that is
 * no JSON. It works there (every test of this service runs on Node 20, too), so that one line is kept out of the output;
 * any other warning passes.
 */
const expected = 'oidc-provider WARNING: Unsupported runtime';
const { warn } = console;

console.warn = (...parts: unknown[]): void => {
  if (typeof parts[0] === 'string' && parts[0].includes(expected)) console.warn = warn;
  else warn.apply(console, parts);
};
