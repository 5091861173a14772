/** As many login and consent pages may be open at the same time. */
export const MAX_OPEN_PAGES = 1_000;

/**
 * So many are left when they are too many: of the network that has most the oldest goes, again and again. Some at once, so
 * that not every further one has all of them looked at.
 */
export const KEPT_OPEN_PAGES = 900;
