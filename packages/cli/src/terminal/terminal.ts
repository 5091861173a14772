import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { ArleoError } from '@arleo/core/errors';

/** Where a person can be asked, and where a program's answers come from. */
export interface Terminal {
  /** True if somebody sees what is shown and types the answers. */
  readonly interactive: boolean;
  /** Shows text beside the answer of the program. */
  show(text: string): void;
  /**
   * Asks for one line.
   *
   * @param hidden what is typed does not appear
   * @throws {@link ArleoError} `cancelled`
   */
  ask(question: string, options?: { hidden?: boolean }): Promise<string>;
  /** The next line of standard input, without its end; undefined when there is none any more. */
  line(): Promise<string | undefined>;
}

/** The longest input that is read where a program gives the answers, in characters. */
const maxInput = 10_000;

type Input = NodeJS.ReadStream & { fd: 0 };

/** The terminal of this process. Questions go to standard error: standard output is for the answer alone. */
export function processTerminal(
  input: Input = process.stdin,
  output: NodeJS.WriteStream & { fd: 2 } = process.stderr,
): Terminal {
  let lines: Promise<string[]> | undefined;
  return {
    get interactive() {
      return input.isTTY === true && output.isTTY === true;
    },
    show: (text) => void output.write(text),
    async ask(question, { hidden = false } = {}) {
      // Readline turns the terminal's own echo off and writes what is typed to its output. That comes before the question:
      // whoever answers at once would see the answer.
      const echo = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output;
      const reader = createInterface({ input, output: echo, terminal: true, historySize: 0 });
      let answered = false;
      try {
        reader.setPrompt(question);
        if (hidden) output.write(question);
        else reader.prompt();
        const line = await firstLine(reader);
        answered = true;
        return line;
      } finally {
        if (hidden || !answered) output.write('\n');
      }
    },
    async line() {
      lines ??= readLines(input);
      return (await lines).shift();
    },
  };
}

function firstLine(reader: Interface): Promise<string> {
  const cancelled = new ArleoError('cancelled', 'Cancelled; nothing was changed.');
  return new Promise((resolve, reject) => {
    reader.once('line', (line) => {
      resolve(line);
      reader.close();
    });
    reader.once('SIGINT', () => reader.close());
    reader.once('close', () => reject(cancelled));
  });
}

async function readLines(input: NodeJS.ReadStream): Promise<string[]> {
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) {
    text += chunk;
    if (text.length > maxInput) throw new ArleoError('answer_missing', 'Standard input is too long to be answers.');
  }
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}
