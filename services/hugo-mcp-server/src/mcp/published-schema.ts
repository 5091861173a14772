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
      if (json !== undefined) return json;
      // The dialect is the one that MCP takes where none is named.
      const { $schema: _, ...made } = z.toJSONSchema(schema, { target: 'draft-2020-12', io });
      json = (io === 'input' ? saidOnce(made) : short(made)) as Record<string, unknown>;
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

/** Arguments without the texts of the members of a union: each of its kinds is a tool of its own, which has them. */
function saidOnce(schema: unknown, inUnion = false): unknown {
  if (Array.isArray(schema)) return schema.map((one) => saidOnce(one, inUnion));
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.entries(schema).filter(
    ([key, value]) => !(inUnion && key === 'description' && typeof value === 'string' && !('const' in schema)),
  );
  return Object.fromEntries(members.map(([key, value]) => [key, saidOnce(value, inUnion || key === 'oneOf')]));
}

/**
 * A result's schema without what a reader of the result does not need: each session pays for every byte of it. What the
 * descriptions in our code say is in the names and in the text of each result; those that keep a reader from a mistake are
 * marked `shown`, and what stands in many results and is seldom asked for is `folded`. That all members are there, and no others, is held by types and not by each client.
 */
function short(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(short);
  if (typeof schema !== 'object' || schema === null) return schema;
  const {
    description,
    shown,
    folded,
    required: _r,
    additionalProperties: more,
    properties,
    anyOf,
    ...rest
  } = schema as Record<string, unknown>;
  const told = shown === true ? { description } : {};
  if (folded === true) return { type: rest.type ?? ['object', 'null'], ...told };
  const nullable = Array.isArray(anyOf) && anyOf.length === 2 && anyOf[1]?.type === 'null' ? anyOf[0] : undefined;
  if (nullable !== undefined) {
    const { type, enum: values, ...inner } = short(nullable) as Record<string, unknown>;
    const all = Array.isArray(values) ? { enum: [...values, null] } : {};
    return { ...rest, type: [type, 'null'], ...all, ...inner, ...told };
  }
  return {
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, key === 'enum' ? value : short(value)])),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties as object).map(([name, member]) => [name, short(member)]),
          ),
        }),
    ...(anyOf === undefined ? {} : { anyOf: short(anyOf) }),
    ...(typeof more === 'object' ? { additionalProperties: short(more) } : {}),
    ...told,
  };
}
