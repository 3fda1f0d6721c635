#!/usr/bin/env node
// One file: node takes longer to find and load hundreds of modules than most commands take to run.
import { main } from '../dist/bundle/main.js';

process.exitCode = await main(process.argv.slice(2));
