/**
 * The largest request body that a hop takes if nothing else is configured, in bytes: an upload of 10 MiB is base64 of
 * 13.4 MiB inside JSON. nginx has the same in `client_max_body_size`.
 */
export const DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024;
