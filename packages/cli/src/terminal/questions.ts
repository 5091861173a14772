import { ArleoError } from '@arleo/core/errors';
import type { Terminal } from './terminal.ts';

/** What a command asks, of a person or of a program. */
export interface Questions {
  /** True if a person answers. */
  readonly interactive: boolean;
  /** Shows something to a person; a program is shown nothing. */
  show(text: string): void;
  /** @throws {@link ArleoError} `cancelled`, `answer_missing` */
  ask(question: string, options?: { hidden?: boolean }): Promise<string>;
}

/** For the help of every command that asks. */
export const STDIN_HELP = `  --stdin       take the answers from standard input, one a line, in the order of the questions`;

/**
 * Questions are asked in the terminal, or answered by standard input, one answer a line in their order.
 *
 * @param stdin true if standard input has the answers (`--stdin`)
 * @param answers what those lines are, for the error
 * @throws {@link ArleoError} `terminal_missing`
 */
export function openQuestions(terminal: Terminal, stdin: boolean, answers: string): Questions {
  if (!stdin && !terminal.interactive) {
    throw new ArleoError('terminal_missing', 'This asks questions, and there is no terminal to ask them in.', {
      hint: `Run it in a terminal (ssh -t), or with --stdin and on standard input: ${answers}.`,
    });
  }
  return {
    interactive: !stdin,
    show: (text) => {
      if (!stdin) terminal.show(text);
    },
    async ask(question, options) {
      if (!stdin) return terminal.ask(question, options);
      const line = await terminal.line();
      if (line !== undefined && line !== '') return line;
      throw new ArleoError('answer_missing', 'Standard input has not all answers.', { hint: `It wants: ${answers}.` });
    },
  };
}
