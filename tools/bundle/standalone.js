// The entry of dist/kho.mjs and dist/kho.cjs: the command line in one file. No top-level await: CommonJS has none.
import { main } from '../../dist/cli/main.js';

main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
