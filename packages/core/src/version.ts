/** The version of Arleo: one for all its programs. */
export const VERSION = '0.1.0';
