import * as z from 'zod';
import { publishedSchema } from './published-schema.ts';

test('the JSON Schema of a schema is made once, however many requests ask for it', () => {
  const schema = z.object({ title: z.string() });
  let looks = 0;
  const make = schema._zod.processJSONSchema;
  schema._zod.processJSONSchema = (...args) => {
    looks += 1;
    make?.(...args);
  };
  const { jsonSchema } = publishedSchema(schema)['~standard'];
  const made = jsonSchema.output();
  expect(made).toEqual({ type: 'object', properties: { title: { type: 'string' } } });
  expect(looks).toBeGreaterThan(0);
  looks = 0;
  expect(jsonSchema.output()).toBe(made);
  expect(publishedSchema(schema)['~standard'].jsonSchema.output()).toBe(made);
  expect(looks).toBe(0);
});
