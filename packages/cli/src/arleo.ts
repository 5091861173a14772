#!/usr/bin/env node
import { runArleo } from './arleo/run.ts';
import { finish } from './outcome.ts';

finish(await runArleo(process.argv.slice(2), process.env));
