/** The script of the page of `kho report`. */
import { start } from './start.js';

start();
