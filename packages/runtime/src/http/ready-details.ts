import * as z from 'zod';

const diskSchema = z.object({
  folder: z.string(),
  /** `hangs`: it took a request and has not answered; `missing`: there is no such folder, or it may not be seen. */
  state: z.enum(['ok', 'full', 'read_only', 'hangs', 'missing']),
  /** For those who are not root; null if the file system did not say. */
  free_bytes: z.number().nullable(),
  total_bytes: z.number().nullable(),
});

/** What `/readyz` tells those on the host, or with a token between the hops, about what a service stands on. */
export const readyDetailsSchema = z.object({
  version: z.string(),
  /** The clock of the host. */
  time: z.iso.datetime(),
  disks: z.array(diskSchema),
  /** The certificate that the service shows: until when it counts. */
  certificate: z.object({ not_after: z.iso.datetime() }).optional(),
  /** The first line of `hugo version`; null if it does not run. */
  hugo: z.string().nullable().optional(),
  last_build: z
    .object({ id: z.string(), state: z.string(), started_at: z.string(), error: z.string().nullable() })
    .nullable()
    .optional(),
  last_published: z
    .object({
      release: z.string(),
      published: z.array(z.object({ plugin: z.string(), ok: z.boolean().nullable(), detail: z.string() })),
    })
    .nullable()
    .optional(),
});

export type ReadyDetails = z.infer<typeof readyDetailsSchema>;
export type DiskState = z.infer<typeof diskSchema>;
