import * as z from 'zod';

/** A schema as the SDK takes it ({@link https://standardschema.dev}), of which clients see the JSON Schema. */
export interface PublishedSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'arleo';
    readonly validate: (value: unknown) => { readonly value: unknown };
    readonly jsonSchema: {
      readonly input: () => Record<string, unknown>;
      readonly output: () => Record<string, unknown>;
    };
  };
}

const published = new WeakMap<z.ZodObject, PublishedSchema>();

/**
 * A schema that is shown to clients and checks nothing: the arguments are checked by our own code, which answers with
 * a stable code and records the refusal, and a result is never thrown away for its form after the change was made.
 * The JSON Schema is made once, not for every request.
 */
export function publishedSchema(schema: z.ZodObject): PublishedSchema {
  const known = published.get(schema);
  if (known !== undefined) return known;
  const once = (io: 'input' | 'output') => {
    let json: Record<string, unknown> | undefined;
    return () => {
      json ??= z.toJSONSchema(schema, { target: 'draft-2020-12', io }) as Record<string, unknown>;
      return json;
    };
  };
  const made: PublishedSchema = {
    '~standard': {
      version: 1,
      vendor: 'arleo',
      validate: (value) => ({ value }),
      jsonSchema: { input: once('input'), output: once('output') },
    },
  };
  published.set(schema, made);
  return made;
}
