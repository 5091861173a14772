import { VERSION } from '@arleo/core/version';

/** What a service says instead of starting, and the exit status. */
export interface Said {
  text: string;
  status: 0 | 2;
}

/** The answer to a service's command line (without `node` and script); undefined without arguments: it starts. */
export function answerCommandLine(name: string, args: readonly string[]): Said | undefined {
  if (args.length === 0) return undefined;
  const [first] = args;
  if (args.length === 1 && first === '--version') return { text: `${VERSION}\n`, status: 0 };
  if (args.length === 1 && first === '--help') return { text: help(name), status: 0 };
  return { text: `${name}: unknown argument: ${args.join(' ')}\n\n${help(name)}`, status: 2 };
}

function help(name: string): string {
  return `${name} ${VERSION}: a service of Arleo

Usage: main.js [--help | --version]

Without an option it runs until SIGTERM. It is configured by its environment, and names each variable that is missing or
wrong. Ends with 0 when it was stopped, 78 if the configuration is not complete, 1 if it could not start.
`;
}
