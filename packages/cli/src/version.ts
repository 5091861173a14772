/** The version of this package and of every program in it. */
export const VERSION = '0.1.0';
