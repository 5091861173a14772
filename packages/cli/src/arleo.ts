#!/usr/bin/env node
import { runArleo } from './arleo/run.ts';
import { finish } from './outcome.ts';

await finish(await runArleo(process.argv.slice(2), process.env));
