import type { Terminal } from '../src/terminal/terminal.ts';

/** Somebody at a terminal. */
export interface Person extends Terminal {
  /** All that they were shown. */
  shown(): string;
  /** For each question whether the answer was hidden. */
  hidden: boolean[];
}

/** A person who answers in turn; a function answers from what was shown so far. */
export function person(...answers: (string | ((shown: string) => string))[]): Person {
  let shown = '';
  const hidden: boolean[] = [];
  return {
    interactive: true,
    hidden,
    shown: () => shown,
    show: (text) => {
      shown += text;
    },
    async ask(question, options) {
      shown += question;
      hidden.push(options?.hidden === true);
      const answer = answers.shift();
      if (answer === undefined) throw new Error(`nobody answers ${question}`);
      return typeof answer === 'string' ? answer : answer(shown);
    },
    line: () => Promise.reject(new Error('a person writes no lines')),
  };
}

/** A program that writes these lines on standard input. */
export function program(...lines: string[]): Terminal {
  return {
    interactive: false,
    show: () => {
      throw new Error('a program is shown nothing');
    },
    ask: () => Promise.reject(new Error('a program is not asked')),
    line: async () => lines.shift(),
  };
}
